"""What a setting would have done: the same looks and the same hysteresis, over what was logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from apps.core.errors import PortalError
from apps.monitoring import hysteresis
from apps.monitoring.hysteresis import Standing
from apps.monitoring.levels import Level
from apps.monitoring.looks import Seen, kinds
from apps.monitoring.looks.reading import History
from apps.monitoring.models import Alert, Monitor

MOST_LOOKS = 500  # of one replay; a longer stretch is looked at less often, and says so
ROOM = timedelta(days=8)  # what the first looks read back
Tell = Callable[[float, str], None]


class NothingLogged(PortalError):
    code, status = "nothing_logged", 409
    sentence = (
        "{deployment}: nothing was logged between {since} and {until}. Choose another stretch."
    )


@dataclass(slots=True)
class Fire:
    """One alert that would have fired; `useful` and `noise` count what people said of real ones then."""

    starts_at: datetime
    sentence: str
    ends_at: datetime | None = None
    useful: int = 0
    noise: int = 0

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        ends = self.ends_at.isoformat() if self.ends_at else None
        return {
            "starts_at": self.starts_at.isoformat(), "ends_at": ends, "sentence": self.sentence,
            "useful": self.useful, "noise": self.noise,
        }  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What one setting would have done."""

    looks: int = 0
    judged: int = 0
    too_few: int = 0
    fires: list[Fire] = field(default_factory=list)
    points: list[tuple[float, float]] = field(default_factory=list)
    missed: int = 0  # real alerts marked useful that it would not have fired

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "looks": self.looks, "judged": self.judged, "too_few": self.too_few,
            "fires": [fire.packed() for fire in self.fires],
            "points": [[at, value] for at, value in self.points],
            "useful": sum(bool(fire.useful) for fire in self.fires),
            "noise": sum(bool(fire.noise) for fire in self.fires),
            "missed": self.missed,
        }  # fmt: skip


def history(monitor: Monitor, since: datetime, until: datetime) -> History:
    """What was logged in this stretch, and enough before it for the first looks."""
    reach = kinds.settings_of(monitor).reach or ROOM
    return History(monitor.deployment, since - max(reach, ROOM), until)


def step_of(monitor: Monitor, since: datetime, until: datetime) -> timedelta:
    """How often a replay looks."""
    return max(monitor.every, (until - since) / MOST_LOOKS)


def replay(
    monitor: Monitor, past: History, stretch: tuple[datetime, datetime], tell: Tell
) -> Outcome:
    """Let the monitor, as it is set, look again and again at the past."""
    outcome, standing = Outcome(), Standing()
    hold = hysteresis.hold_of(monitor.hold_seconds, step_of(monitor, *stretch))
    until_seen: tuple[datetime, int] | None = None
    for number, at in enumerate(_moments(monitor, stretch)):
        past.move(at)
        seen = kinds.look(monitor, past)
        new = seen if seen is not None and (seen.ends_at, seen.rows) != until_seen else None
        until_seen = (seen.ends_at, seen.rows) if seen else until_seen
        step = hysteresis.after(standing, new.level if new else None, at, hold)
        standing = step.standing
        _note(outcome, at, new, (step.fires, step.resolves))
        if number % 25 == 0:
            tell(100 * number / MOST_LOOKS, f"Looked at {at:%F %H:%M} UTC")
    return outcome


def _moments(monitor: Monitor, stretch: tuple[datetime, datetime]) -> Iterator[datetime]:
    at, until = stretch
    step = step_of(monitor, at, until)
    while at <= until:
        yield at
        at += step


def _note(outcome: Outcome, at: datetime, seen: Seen | None, change: tuple[bool, bool]) -> None:
    outcome.looks += 1
    fires, resolves = change
    if seen is not None:
        outcome.judged += 1
        outcome.too_few += seen.level == Level.TOO_FEW
        whole = [point.value for point in seen.points if not point.part]
        outcome.points += [(at.timestamp(), value) for value in whole[:1]]
    if fires and seen is not None:
        outcome.fires.append(Fire(at, seen.sentence))
    if resolves and outcome.fires:
        outcome.fires[-1].ends_at = at


def weigh(outcome: Outcome, alerts: Sequence[Alert], slack: timedelta, until: datetime) -> None:
    """Hold what would have fired against what people said of the alerts that did."""
    for alert in alerts:
        met = [fire for fire in outcome.fires if _meets(fire, alert, slack, until)]
        useful = alert.mark == Alert.Mark.USEFUL
        for fire in met:
            fire.useful += useful
            fire.noise += not useful
        outcome.missed += useful and not met


def _meets(fire: Fire, alert: Alert, slack: timedelta, until: datetime) -> bool:
    ended = alert.resolved_at or until
    return fire.starts_at <= ended + slack and (fire.ends_at or until) >= alert.fired_at - slack


def with_setting(monitor: Monitor, wanted: dict[str, Any]) -> Monitor:
    """The monitor as it would be: a copy that is never saved."""
    changed = Monitor(
        **{each.attname: getattr(monitor, each.attname) for each in Monitor._meta.concrete_fields}
    )
    changed.deployment, changed.project = monitor.deployment, monitor.project
    changed.baseline = monitor.baseline
    for name in ("settings", "window_rows", "hold_seconds"):
        setattr(changed, name, wanted.get(name, getattr(monitor, name)))
    return changed
