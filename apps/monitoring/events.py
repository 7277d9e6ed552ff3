from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertFired:
    alert_id: int


@dataclass(frozen=True, slots=True)
class AlertResolved:
    alert_id: int
