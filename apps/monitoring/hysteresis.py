"""When a monitor's alert begins and ends: by windows, and by time. Without a database, so a back-test asks the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apps.monitoring.levels import Level

CALM_LOOKS = 2  # windows without a finding before an alert resolves


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a monitor stands between two looks."""

    alerting: bool = False
    calm_looks: int = 0
    acted_at: datetime | None = None  # the last look that said act


@dataclass(frozen=True, slots=True)
class Step:
    """Where it stands after a look; `why` is said of an alert that ended by time."""

    standing: Standing
    fires: bool = False
    resolves: bool = False
    why: str = ""


def hold_of(seconds: int, every: timedelta) -> timedelta:
    """How long an alert is held without a look that says act: two looks at least, for one alone is no calm."""
    return max(timedelta(seconds=seconds), 2 * every)


def after(standing: Standing, level: Level | None, at: datetime, hold: timedelta) -> Step:
    """The step that a look makes; `level` is None where nothing new came."""
    if level == Level.ACT:
        return Step(Standing(True, 0, at), fires=not standing.alerting)
    if not standing.alerting:
        return Step(replace(standing, calm_looks=0))
    calm = standing.calm_looks + (level in (Level.WATCH, Level.IGNORE))
    over = replace(standing, alerting=False, calm_looks=0)
    if calm >= CALM_LOOKS:
        return Step(over, resolves=True)
    if standing.acted_at is None or at - standing.acted_at >= hold:
        return Step(over, resolves=True, why=_why(level, hold))
    return Step(replace(standing, calm_looks=calm))


def _why(level: Level | None, hold: timedelta) -> str:
    length = f"{hold.total_seconds():g} seconds"
    if level is None:
        return f"No new rows came for {length}."
    if level == Level.TOO_FEW:
        return f"There were too few rows to say act for {length}."
    return f"No look said act for {length}."
