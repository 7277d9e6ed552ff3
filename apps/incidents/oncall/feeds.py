"""Calendars: schedules as iCalendar for any calendar program, and other calendars as overrides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import jobs
from apps.core.errors import Conflict, Invalid, PortalError
from apps.core.http import Http
from apps.incidents.models import CalendarLink, CalendarSource, Override, Schedule
from apps.incidents.oncall import ics, rotation, selectors
from apps.incidents.oncall.ics import Entry, Event
from apps.incidents.oncall.rotation import Span
from apps.ledger.services import record

BEHIND, AHEAD = timedelta(days=30), timedelta(days=180)
EVERY = timedelta(minutes=30)
MOST_SOURCES = 20
MOST_UNMATCHED = 50


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of reading a calendar."""

    shifts: int
    unmatched: list[str]


def written(link: CalendarLink, now: datetime) -> str:
    """The calendar behind a secret address, as far as its owner may see it at this moment."""
    since, until = now - BEHIND, now + AHEAD
    if link.schedule_id is None:
        mine = selectors.shifts_of(link.user, since, until)
        entries = [_entry(row, span, link.user) for row, span in mine]
        return ics.write(f"On call: {link.user}", entries, now)
    schedule = selectors.schedules(link.user).filter(pk=link.schedule_id).first()
    if schedule is None:
        return ics.write("On call", [], now)  # its owner may not see it any more
    return ics.write(schedule.name, entries_of(schedule, since, until), now)


def entries_of(schedule: Schedule, since: datetime, until: datetime) -> list[Entry]:
    """The shifts of a schedule as events."""
    plan = selectors.plan(schedule, since, until)
    turns = rotation.shifts(rotation.spans(plan, since, until))
    ids = {turn.duty.person for turn in turns if turn.duty}
    people = {row.pk: row for row in User.objects.filter(pk__in=ids)}
    return [_entry(schedule, turn, people[turn.duty.person]) for turn in turns if turn.duty]


def _entry(schedule: Schedule, turn: Span, person: User) -> Entry:
    host = urlsplit(settings.PUBLIC_URL).hostname or "signalbox"
    return Entry(
        uid=f"shift-{schedule.pk}-{person.pk}-{int(turn.starts.timestamp())}@{host}",
        starts=turn.starts,
        ends=turn.ends,
        summary=f"On call: {person} ({schedule.name})",
        name=str(person),
        mail=person.email,
        url=f"{settings.PUBLIC_URL}{schedule.get_absolute_url()}",
    )


def note_use(link: CalendarLink, now: datetime) -> None:
    """Remember when a calendar program came last, to the hour."""
    if link.used_at is None or now - link.used_at > timedelta(hours=1):
        CalendarLink.objects.filter(pk=link.pk).update(used_at=now)


@transaction.atomic
def add_address(*, schedule: Schedule, name: str, address: str, by: AbstractUser) -> CalendarSource:
    """Read a calendar from its address from now on; its events are overrides."""
    parts = urlsplit(address.strip())
    if parts.scheme not in {"http", "https", "webcal"} or not parts.hostname:
        raise Invalid(field="address", reason="the whole address, with https://")
    source = _add(schedule, name, address.strip(), by)
    read_soon(source)
    return source


@transaction.atomic
def add_file(
    *, schedule: Schedule, name: str, text: str, by: AbstractUser
) -> tuple[CalendarSource, Taken]:
    """Take the events of a file as overrides, once."""
    source = _add(schedule, name, None, by)
    return source, take(source, text)


@transaction.atomic
def remove_source(*, source: CalendarSource, by: AbstractUser) -> None:
    """Take a calendar away, with its overrides."""
    _record("incidents.calendar_removed", source, by)
    source.delete()


def read_due() -> int:
    """Have every calendar read whose time has come. Safe to run twice."""
    due = CalendarSource.objects.filter(due_at__lte=timezone.now())
    found = list(due.select_related("schedule")[:200])
    for source in found:
        read_soon(source)
    return len(found)


def read_soon(source: CalendarSource) -> None:
    """Have a calendar read now; many wishes are one job."""
    jobs.enqueue(
        "incidents.read_calendar",
        owner=None,
        project_id=source.schedule.project_id,
        key=f"calendar:{source.pk}",
        source_id=source.pk,
    )


def read(*, source_id: int) -> Taken:
    """Fetch a calendar and take what it says; where it does not answer, what it said before stays."""
    source = CalendarSource.objects.select_related("schedule__project").filter(pk=source_id).first()
    if source is None or source.address is None:
        return Taken(0, [])
    rows = CalendarSource.objects.filter(pk=source.pk)
    rows.update(due_at=timezone.now() + EVERY)
    try:
        return take(source, _fetched(str(source.address.reveal())))
    except PortalError as error:
        rows.update(trouble=str(error)[:500])
        return Taken(0, [])


@transaction.atomic
def take(source: CalendarSource, text: str) -> Taken:
    """Put the calendar's shifts in place of those that it gave before. Safe to run twice."""
    now = timezone.now()
    schedule = source.schedule
    found = ics.read(text, zone=ZoneInfo(schedule.zone), since=now - BEHIND, until=now + AHEAD)
    people = list(selectors.responders_of(schedule.project))
    shifts, unmatched = _matched(found.events, people)
    source.overrides.all().delete()
    Override.objects.bulk_create(
        Override(
            schedule=schedule, source=source, user=user, starts_at=event.starts, ends_at=event.ends
        )
        for user, event in shifts
    )
    said = [*found.unread, *unmatched][:MOST_UNMATCHED]
    rows = CalendarSource.objects.filter(pk=source.pk)
    rows.update(read_at=now, trouble="", unmatched=said)
    _record("incidents.calendar_read", source, None, shifts=len(shifts), unmatched=len(said))
    return Taken(len(shifts), said)


def _matched(
    events: Iterable[Event], people: Sequence[User]
) -> tuple[list[tuple[User, Event]], list[str]]:
    """Each event with the one person whom it names, by mail address or by name; sentences on the others."""
    shifts, unmatched = [], []
    for event in events:
        named = _named(event, people)
        if len(named) == 1:
            shifts.append((named[0], event))
            continue
        why = (
            "it names several people"
            if named
            else "nobody who may be on call has this name or address"
        )
        unmatched.append(f"{event.summary[:80]} ({event.starts:%Y-%m-%d}): {why}")
    return shifts, unmatched


def _named(event: Event, people: Sequence[User]) -> list[User]:
    by_mail = [person for person in people if person.email and person.email.lower() in event.mails]
    if by_mail:
        return by_mail
    words = f" {_plain(event.summary)} "
    return [person for person in people if any(f" {name} " in words for name in _names(person))]


def _names(person: User) -> list[str]:
    names = (person.username, person.email, person.get_full_name())
    return [plain for name in names if (plain := _plain(name))]


def _plain(text: str) -> str:
    kept = (letter if letter.isalnum() or letter in "@._-" else " " for letter in text.lower())
    return " ".join(word.strip(".-") for word in "".join(kept).split())


def _fetched(address: str) -> str:
    parts = urlsplit(address)
    scheme = "https" if parts.scheme == "webcal" else parts.scheme
    http = Http("The calendar", f"{scheme}://{parts.netloc}", limit_bytes=ics.MOST_BYTES)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        answer = http.request("GET", path, headers={"accept": "text/calendar"})
    finally:
        http.close()
    return answer.content.decode(errors="replace")


def _add(schedule: Schedule, name: str, address: str | None, by: AbstractUser) -> CalendarSource:
    name = name.strip()
    if not 0 < len(name) <= 100:
        raise Invalid(field="name", reason="1 to 100 characters")
    if schedule.sources.count() >= MOST_SOURCES:
        raise Conflict(reason=f"{schedule.name} has {MOST_SOURCES} calendars already.")
    source = CalendarSource.objects.create(
        schedule=schedule,
        name=name,
        address=address,
        due_at=None if address is None else timezone.now(),
    )
    _record("incidents.calendar_added", source, by)
    return source


def _record(verb: str, source: CalendarSource, by: AbstractUser | None, **data: int) -> None:
    record(
        actor=by,
        verb=verb,
        subject=source,
        project_id=source.schedule.project_id,
        data={"schedule": source.schedule_id, **data},
    )
