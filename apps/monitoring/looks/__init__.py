"""What a look is: one module per kind of monitor says what it reads, measures and means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from apps.monitoring.levels import Level
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor


class Settings(BaseModel):
    """What one may set about a kind of look; every choice has a default that needs no tuning."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @property
    def reach(self) -> timedelta | None:
        """How far back its looks read rows by time; None where they read the newest ones alone."""
        return None

    @property
    def more_rows(self) -> int:
        """How many of the newest rows its looks read beside the window."""
        return 0


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the monitor's series; `part` names a slice or a column."""

    value: float
    rows: int
    low: float | None = None
    high: float | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw. `sentence` is the alert's, where the level is act."""

    level: Level
    rows: int
    starts_at: datetime
    ends_at: datetime
    sentence: str
    findings: Sequence[dict[str, Any]] = ()
    features: Sequence[dict[str, Any]] = ()  # what moved, for the alert and its incident
    points: Sequence[Point] = ()
    profiles: Sequence[dict[str, Any]] | None = None
    group: str = ""  # an upstream table, where everything that moved comes from it


# None: nothing that could be looked at came. A `PortalError` says why it cannot look.
Look = Callable[[Monitor, Any, Reading], Seen | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of monitor: its settings, and how it looks. `method` names formula and source."""

    kind: Monitor.Kind
    settings: type[Settings]
    look: Look
    method: str
    needs_baseline: bool = False
    unit: str = ""
    examples: Sequence[dict[str, Any]] = field(default=())


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Let monitors of this kind look."""
    KINDS[kind.kind] = kind
