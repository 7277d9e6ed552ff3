"""Who is on call when: pure, in whole rotations by the clock of a zone.

A moment of the clock counts as reached the first time the clock shows it or more. So a hand-over at 09:00
stays at 09:00 through the year; one at 02:30 in a night that skips it happens when the clock jumps, and one
in an hour that comes twice happens the first time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
STEP = {"hours": timedelta(hours=1), "days": DAY, "weeks": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who follow each other, each for `length`; only in some hours of some days, if these are named."""

    name: str
    people: tuple[int, ...]
    first: datetime  # without a zone: what the clock on the wall shows
    length: timedelta
    weekdays: frozenset[int] = frozenset()
    opens: time | None = None
    closes: time | None = None

    @property
    def restricted(self) -> bool:
        return bool(self.weekdays) or self.opens is not None


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody in place of whoever would be on call."""

    person: int
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule as the computation needs it; `gone` are people who have left."""

    zone: str
    rotations: tuple[Rotation, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()  # the newest first
    gone: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call, by which rotation; `shift` tells two turns of one person apart."""

    person: int
    by: str
    shift: int
    instead_of: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in which nothing changes; without a `duty` it is a gap."""

    starts: datetime
    ends: datetime
    duty: Duty | None


def who(plan: Plan, at: datetime) -> Duty | None:
    """The person on call at a moment: a stand-in first, then the last rotation that has somebody."""
    for number, stand_in in enumerate(plan.stand_ins):
        if stand_in.starts <= at < stand_in.ends and stand_in.person not in plan.gone:
            return Duty(stand_in.person, "override", number)
    for rotation in reversed(plan.rotations):
        if duty := _of_rotation(plan, rotation, at):
            return duty
    return None


def spans(plan: Plan, since: datetime, until: datetime) -> list[Span]:
    """The stretches between two moments, without a hole; neighbours differ."""
    edges = sorted({since, until, *(edge for edge in _edges(plan, since, until))})
    found: list[Span] = []
    for starts, ends in zip(edges, edges[1:], strict=False):
        duty = who(plan, starts)
        if found and found[-1].duty == duty:
            found[-1] = Span(found[-1].starts, ends, duty)
        else:
            found.append(Span(starts, ends, duty))
    return found


def gaps(some: Sequence[Span]) -> list[Span]:
    """The stretches in which nobody is on call."""
    return [span for span in some if span.duty is None]


def shifts(some: Sequence[Span]) -> list[Span]:
    """The same without gaps, and one stretch for a person who stays."""
    found: list[Span] = []
    for span in some:
        last = found[-1] if found else None
        if span.duty is None:
            continue
        if last and last.duty and last.ends == span.starts and last.duty.person == span.duty.person:
            found[-1] = Span(last.starts, span.ends, last.duty)
        else:
            found.append(span)
    return found


def reached(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first moment at which the clock of the zone shows `wall` or more, in UTC."""
    return _reached(zone, wall)


@lru_cache(maxsize=50_000)
def _reached(zone: ZoneInfo, wall: datetime) -> datetime:
    before = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if after >= before:
        return before  # usual, or shown twice: the first time
    return _jump(zone, after, before)


def _jump(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The moment between two at which the zone's clock jumps, to the second."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def _of_rotation(plan: Plan, rotation: Rotation, at: datetime) -> Duty | None:
    zone = ZoneInfo(plan.zone)
    shift = _shift(zone, rotation, at)
    if shift < 0 or not rotation.people or not _open(zone, rotation, at):
        return None
    count = len(rotation.people)
    asked = rotation.people[shift % count]
    for further in range(count):
        person = rotation.people[(shift + further) % count]
        if person not in plan.gone:
            return Duty(person, rotation.name, shift, None if person == asked else asked)
    return None


def _shift(zone: ZoneInfo, rotation: Rotation, at: datetime) -> int:
    """The number of the shift that holds at a moment; below zero before the first."""
    wall = at.astimezone(zone).replace(tzinfo=None)
    number = (wall - rotation.first) // rotation.length
    while _begins(zone, rotation, number) > at:
        number -= 1
    while _begins(zone, rotation, number + 1) <= at:
        number += 1
    return number


def _begins(zone: ZoneInfo, rotation: Rotation, number: int) -> datetime:
    return reached(zone, rotation.first + number * rotation.length)


def _open(zone: ZoneInfo, rotation: Rotation, at: datetime) -> bool:
    if not rotation.restricted:
        return True
    today = at.astimezone(zone).date()
    # A window of the day before may reach over midnight.
    return any(
        starts <= at < ends for starts, ends in _windows(zone, rotation, today - DAY, today + DAY)
    )


def _windows(
    zone: ZoneInfo, rotation: Rotation, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    """The rotation's hours on the days from first to last."""
    opens, closes = rotation.opens or time(0), rotation.closes or time(0)
    over = DAY if closes <= opens else timedelta(0)
    day = first
    while day <= last:
        if not rotation.weekdays or day.weekday() in rotation.weekdays:
            starts = reached(zone, datetime.combine(day, opens))
            yield starts, reached(zone, datetime.combine(day, closes) + over)
        day += DAY


def _edges(plan: Plan, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment within at which somebody may take over."""
    zone = ZoneInfo(plan.zone)
    for stand_in in plan.stand_ins:
        yield from _within((stand_in.starts, stand_in.ends), since, until)
    for rotation in plan.rotations:
        number = max(_shift(zone, rotation, since), -1)
        while (edge := _begins(zone, rotation, number)) < until:
            yield from _within((edge,), since, until)
            number += 1
        if rotation.restricted:
            days = (since.astimezone(zone).date() - DAY, until.astimezone(zone).date() + DAY)
            for window in _windows(zone, rotation, *days):
                yield from _within(window, since, until)


def _within(edges: tuple[datetime, ...], since: datetime, until: datetime) -> Iterator[datetime]:
    return (edge for edge in edges if since < edge < until)
