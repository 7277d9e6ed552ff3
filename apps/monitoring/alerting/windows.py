"""When a silence holds: once, or again every day or week at the same time of its zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apps.monitoring.models.alerts import Silence

STEPS = {Silence.Repeats.DAILY: timedelta(days=1), Silence.Repeats.WEEKLY: timedelta(days=7)}


def holds(silence: Silence, at: datetime) -> bool:
    """Whether it silences at this moment."""
    if silence.ended_at is not None and at >= silence.ended_at:
        return False
    return any(start <= at < end for start, end in _near(silence, at))


def over(silence: Silence, at: datetime) -> bool:
    """Whether it will never silence anything again."""
    if silence.ended_at is not None and at >= silence.ended_at:
        return True
    if silence.repeats == Silence.Repeats.NEVER:
        return at >= silence.ends_at
    return silence.until is not None and at >= silence.until and not holds(silence, at)


def state(silence: Silence, at: datetime) -> str:
    """`active`, `pending` or `expired`, in Alertmanager's words."""
    if holds(silence, at):
        return "active"
    return "expired" if over(silence, at) else "pending"


def _near(silence: Silence, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The occurrences that could hold at this moment: the one before it, and the one around it."""
    step = STEPS.get(Silence.Repeats(silence.repeats))
    if step is None or at < silence.starts_at:
        yield silence.starts_at, silence.ends_at
        return
    rounds = (at - silence.starts_at) // step
    for number in range(max(rounds - 1, 0), rounds + 2):
        start = _later(silence.starts_at, step * number, silence.zone)
        if silence.until is None or start < silence.until:
            yield start, start + (silence.ends_at - silence.starts_at)


def _later(moment: datetime, by: timedelta, zone: str) -> datetime:
    """So many whole days later at the same time of day there, summer time or not."""
    local = moment.astimezone(ZoneInfo(zone))
    return (local.replace(tzinfo=None) + by).replace(tzinfo=ZoneInfo(zone))
