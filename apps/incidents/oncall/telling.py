"""What people hear around a hand-over: that their shift comes, and what they take over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.incidents.models import HandOff, Incident, Page, Schedule
from apps.incidents.oncall import clock, contacts, rotation, selectors
from apps.incidents.oncall.contacts import Told
from apps.incidents.oncall.rotation import Span

LATE = timedelta(hours=1)  # a digest is still worth sending
LONG, BEFORE_LONG, BEFORE_SHORT = timedelta(hours=24), timedelta(hours=12), timedelta(minutes=30)
MOST_LINES = 20


def tell_around() -> int:
    """Tell of shifts that come and of hand-overs that happened; how many messages. Safe to run twice."""
    now = clock.read().now
    found = list(Schedule.objects.filter(project__archived_at=None).select_related("project"))
    known = selectors.plans(found, now - timedelta(days=35), now + timedelta(days=35))
    told = 0
    for schedule in found:
        plan = known[schedule.pk]
        turns = rotation.shifts(
            rotation.spans(plan, now - timedelta(days=8), now + timedelta(days=8))
        )
        told += _tell_next(schedule, turns, now)
        told += _tell_handed(schedule, turns, now)
    return told


def _tell_next(schedule: Schedule, turns: Sequence[Span], now: datetime) -> int:
    told = 0
    for turn in turns:
        before = BEFORE_LONG if turn.ends - turn.starts >= LONG else BEFORE_SHORT
        if turn.duty is None or not turn.starts - before <= now < turn.starts:
            continue
        user = User.objects.get(pk=turn.duty.person)
        told += contacts.tell(
            user=user, told=_coming(schedule, turn), key=_key("shift", schedule, turn)
        )
    return told


def _tell_handed(schedule: Schedule, turns: Sequence[Span], now: datetime) -> int:
    told = 0
    for number, turn in enumerate(turns):
        if not turn.starts <= now < turn.starts + LATE:
            continue
        before = turns[number - 1] if number else None
        told += _hand_over(schedule, before, turn)
    return told


@transaction.atomic
def _hand_over(schedule: Schedule, before: Span | None, turn: Span) -> int:
    """The digest of one hand-over, to who leaves and who comes; written once."""
    _, made = HandOff.objects.get_or_create(schedule=schedule, at=turn.starts)
    if not made:
        return 0
    since = before.starts if before else turn.starts - timedelta(days=1)
    said = digest(schedule, since, turn.starts)
    people = {span.duty.person for span in (before, turn) if span and span.duty}
    return sum(
        contacts.tell(user=user, told=said, key=_key(f"digest-{user.pk}", schedule, turn))
        for user in User.objects.filter(pk__in=people, is_active=True)
    )


def digest(schedule: Schedule, since: datetime, until: datetime) -> Told:
    """What is open, and what was paged in a shift."""
    project = schedule.project
    open_ = Incident.objects.open().filter(project=project).order_by("-pk")
    paged = Page.objects.filter(
        incident__project=project, state=Page.State.SENT, sent_at__gte=since, sent_at__lt=until
    )
    lines = [f"{schedule.name}, {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC.", ""]
    lines += [f"Open incidents: {open_.count()}"]
    lines += [f"- {one} ({one.state}, {one.severity})" for one in open_[:MOST_LINES]]
    lines += ["", f"Paged in the shift: {paged.count()}"]
    rows = paged.select_related("incident").order_by("sent_at")[:MOST_LINES]
    lines += [f"- {row.sent_at:%Y-%m-%d %H:%M} UTC {row.incident}: {row.result}" for row in rows]
    url = f"{settings.PUBLIC_URL}{schedule.get_absolute_url()}"
    return Told(f"Hand-over of {schedule.name}", "\n".join(lines), url)


def _coming(schedule: Schedule, turn: Span) -> Told:
    text = (
        f"You are on call at {schedule.name} ({schedule.project.name}) "
        f"from {turn.starts:%Y-%m-%d %H:%M} to {turn.ends:%Y-%m-%d %H:%M} UTC."
    )
    url = f"{settings.PUBLIC_URL}{schedule.get_absolute_url()}"
    return Told(f"On call soon: {schedule.name}", text, url)


def _key(word: str, schedule: Schedule, turn: Span) -> str:
    person = turn.duty.person if turn.duty else 0
    return f"{word}-{schedule.pk}-{person}-{int(turn.starts.timestamp())}"
