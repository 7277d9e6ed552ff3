"""What the pages of on call show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.core.access import Person, Role, allows
from apps.incidents.models import Incident, Schedule
from apps.incidents.oncall import health, rotation, selectors
from apps.incidents.oncall.selectors import Shown
from apps.incidents.oncall_forms import MonthForm, OverrideForm

DAY = timedelta(days=1)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Bit:
    """A stretch as one day of a calendar shows it."""

    label: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar."""

    day: date
    name: str
    inside: bool
    today: bool
    bits: list[Bit]


def page(user: Person, schedule: Schedule, asked: MonthForm) -> dict[str, Any]:
    """A schedule: who is on now, the month, rotations, overrides, calendars."""
    zone = ZoneInfo(schedule.zone)
    now = timezone.now()
    first = asked.first(now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0))
    weeks = month(schedule, first.date(), now)
    ahead = selectors.stretches(schedule, now, now + selectors.AHEAD)
    before, after = (first - DAY).date(), (first + 32 * DAY).date()
    return {
        "schedule": schedule,
        "standing": selectors.standings([schedule], now)[0],
        "weekdays": WEEKDAYS,
        "weeks": weeks,
        "month": f"{first:%B %Y}",
        "before_url": f"?month={before:%Y-%m}",
        "after_url": f"?month={after:%Y-%m}",
        "ahead": ahead[:40],
        "gaps": [one for one in ahead if one.person is None],
        "layers": list(schedule.layers.prefetch_related("turns__user").order_by("-position")),
        "overrides": list(
            selectors.overrides(user)
            .filter(schedule=schedule, ends_at__gt=now)
            .order_by("starts_at")[:100]
        ),
        "sources": list(schedule.sources.all()),
        "departed": selectors.departed(schedule),
        "may_change": allows(user, schedule.project_id, Role.MAINTAINER),
        "may_override": allows(user, schedule.project_id, Role.RESPONDER),
        "override_form": OverrideForm(schedule=schedule, by=user),
        "link": selectors.links(user).filter(schedule=schedule).first(),
        "stands_still": health.stands_still(),
    }


def month(schedule: Schedule, first: date, now: datetime) -> list[list[Cell]]:
    """The weeks of a month, with what each day holds by the clock of the schedule's zone."""
    zone = ZoneInfo(schedule.zone)
    begin = first - timedelta(days=first.weekday())
    days = [begin + timedelta(days=number) for number in range(42)]
    if days[35].month != first.month:
        days = days[:35]
    edges = [rotation.reached(zone, datetime.combine(day, datetime.min.time())) for day in days]
    edges.append(rotation.reached(zone, datetime.combine(days[-1] + DAY, datetime.min.time())))
    known = selectors.stretches(schedule, edges[0], edges[-1])
    today = now.astimezone(zone).date()
    cells = [
        Cell(
            day=day,
            name=f"{day:%d %b}",
            inside=day.month == first.month,
            today=day == today,
            bits=_bits(known, edges[place], edges[place + 1], zone),
        )
        for place, day in enumerate(days)
    ]
    return [cells[place : place + 7] for place in range(0, len(cells), 7)]


def _bits(known: Sequence[Shown], since: datetime, until: datetime, zone: ZoneInfo) -> list[Bit]:
    return [
        Bit("" if one.starts <= since else f"{one.starts.astimezone(zone):%H:%M}", one)
        for one in known
        if one.starts < until and one.ends > since
    ]


def panel(user: Person, incident: Incident) -> dict[str, Any]:
    """What the incident's page says of paging."""
    return {
        "incident": incident,
        "oncall": selectors.now(incident.project),
        "pages": selectors.pages_of(incident),
        "next_page": selectors.next_page(incident),
        "policy": selectors.policy_for(incident.project_id, incident.severity),
        "silenced": bool(incident.alert and incident.alert.silenced),
        "stands_still": health.stands_still(),
        "may_respond": allows(user, incident.project_id, Role.RESPONDER),
    }
