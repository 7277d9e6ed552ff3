from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliveryReceived:
    """A verified request arrived from outside; `selectors.payload(delivery_id)` reads it."""

    delivery_id: int
    connection_id: int
    project_id: int | None
    slug: str
    kind: str


@dataclass(frozen=True, slots=True)
class ConnectionFailing:
    """A connection that worked, or was never looked at, does not answer."""

    connection_id: int
    project_id: int | None
