from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertFired:
    alert_id: int


@dataclass(frozen=True, slots=True)
class AlertResolved:
    alert_id: int


@dataclass(frozen=True, slots=True)
class AlertJoined:
    """Another alert of a group whose first one, `lead_id`, has fired before: no incident of its own."""

    alert_id: int
    lead_id: int


@dataclass(frozen=True, slots=True)
class AlertReturned:
    """It fires again soon after it resolved: what `lead_id` opened goes on."""

    alert_id: int
    lead_id: int
