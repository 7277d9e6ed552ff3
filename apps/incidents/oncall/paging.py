"""The escalation engine: rows written with the change that causes them, sent when they are due.

A plan is every page of every round, from the start. So a worker that dies skips nothing, a row that is locked
is sent by one worker, and an acknowledgement only has to stop what waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import DurationField, F, Func, Q
from django.db.models.functions import Abs

from apps.core import live
from apps.incidents.models import Call, Escalation, Incident, Page, Policy
from apps.incidents.oncall import clock, contacts, selectors
from apps.incidents.oncall.clock import Reading
from apps.incidents.oncall.errors import NobodyLeft, NotPaging
from apps.ledger.services import record

MOST_PER_BEAT = 200
Waiting = Page.State.WAITING


class Seconds(Func):
    """Seconds as an interval of the database."""

    function = "make_interval"
    template = "%(function)s(secs => %(expressions)s)"
    output_field = DurationField()


@transaction.atomic
def follow(incident: Incident) -> None:
    """Bring paging in step with an incident's state and severity. Runs inside its change; safe to repeat."""
    standing, _ = Escalation.objects.get_or_create(
        incident=incident,
        defaults={"severity": incident.severity, "state": Escalation.State.STOPPED},
    )
    # Two changes of one incident plan one after the other.
    standing = Escalation.objects.select_for_update().get(pk=standing.pk)
    if incident.state != Incident.State.TRIGGERED:
        _stop(standing, incident)
        return
    policy = selectors.policy_for(incident.project_id, incident.severity)
    goes_on = standing.state == Escalation.State.PAGING
    if goes_on and incident.severity == standing.severity:
        return  # what is planned stays, though the policy may have changed since
    if goes_on and policy is not None and policy.pk == standing.policy_id:
        Escalation.objects.filter(pk=standing.pk).update(severity=incident.severity)
        return
    _plan(standing, incident, policy)


def catch_up() -> None:
    """Plan what is triggered and has no plan, and stop what is over and still pages. Safe to run twice."""
    triggered, paging = Q(state=Incident.State.TRIGGERED), Escalation.State.PAGING
    planned = Q(escalation__state=paging)
    apart = (triggered & ~planned) | (~triggered & planned)
    for pk in list(Incident.objects.filter(apart).values_list("pk", flat=True)[:MOST_PER_BEAT]):
        with transaction.atomic():
            follow(Incident.objects.select_for_update().get(pk=pk))


def page_due() -> int:
    """Send every page whose time has come; how many. Any number of workers may do it at once."""
    reading = clock.read()
    follow_the_clock(reading)
    sent = 0
    while sent < MOST_PER_BEAT and _page_one(reading):
        sent += 1
    return sent


def follow_the_clock(reading: Reading) -> None:
    """Move what waits along with a clock that was set, so that it comes as long after its cause as planned."""
    if not reading.boot:
        return
    tolerated = clock.TOLERATED.total_seconds()
    apart = F("clock_offset") - reading.offset
    for table in (Page, Call):
        rows = table.objects.filter(state="waiting", boot=reading.boot)
        moved = rows.annotate(apart=Abs(apart)).filter(apart__gt=tolerated)
        moved.update(
            due_at=F("due_at") + Seconds(reading.offset - F("clock_offset")),
            clock_offset=reading.offset,
        )


@transaction.atomic
def page_the_next(*, incident: Incident, by: AbstractUser) -> list[Page]:
    """Send the next step now; those behind it come as much earlier."""
    locked = Incident.objects.select_for_update().get(pk=incident.pk)
    if locked.state != Incident.State.TRIGGERED:
        raise NotPaging(number=locked.number, state=locked.state)
    reading = clock.read()
    follow_the_clock(reading)
    # Locked in the order of the engine, which sends one of them at a time.
    rows = locked.pages.filter(state=Waiting).order_by("due_at", "pk")
    waiting = list(rows.select_for_update())
    if not waiting:
        raise NobodyLeft(number=locked.number)
    first = waiting[0]
    earlier = max(first.due_at - reading.now, timedelta(0))
    rows.update(due_at=F("due_at") - earlier)
    now = [page for page in waiting if (page.round, page.step) == (first.round, first.step)]
    _record("incidents.paged_next", locked, by, step=first.step, round=first.round)
    return now


def _plan(standing: Escalation, incident: Incident, policy: Policy | None) -> None:
    """A new generation of pages in place of what still waits."""
    _halt(incident, "another plan took its place")
    generation = standing.generation + 1
    reading = clock.read()
    pages = list(_pages(incident, policy, reading, generation)) if policy else []
    Page.objects.bulk_create(pages)
    Escalation.objects.filter(pk=standing.pk).update(
        policy=policy,
        severity=incident.severity,
        generation=generation,
        state=Escalation.State.PAGING,
        changed_at=reading.now,
    )
    live.changed(incident.topic)


def _pages(incident: Incident, policy: Policy, reading: Reading, generation: int) -> Iterator[Page]:
    rungs = [(rung, list(rung.targets.all())) for rung in policy.rungs.prefetch_related("targets")]
    due = reading.now
    for number in range(policy.repeats + 1):
        due += timedelta(minutes=policy.repeat_minutes if number else 0)
        for rung, targets in rungs:
            due += timedelta(minutes=rung.after_minutes)
            for place, target in enumerate(targets, start=1):
                yield Page(
                    incident=incident,
                    generation=generation,
                    round=number,
                    step=rung.position,
                    place=place,
                    schedule_id=target.schedule_id,
                    user_id=target.user_id,
                    connection_id=target.connection_id,
                    due_at=due,
                    boot=reading.boot,
                    clock_offset=reading.offset,
                )


def _stop(standing: Escalation, incident: Incident) -> None:
    if standing.state != Escalation.State.PAGING:
        return
    now = clock.read().now
    _halt(incident, f"the incident is {incident.state}")
    if incident.acknowledged_at:
        told = incident.pages.filter(state=Page.State.SENT, acknowledged_at=None)
        told.update(acknowledged_at=now)
    Escalation.objects.filter(pk=standing.pk).update(
        state=Escalation.State.STOPPED, severity=incident.severity, changed_at=now
    )
    live.changed(incident.topic)


def _halt(incident: Incident, reason: str) -> None:
    """Stop what waits. Pages first: one that is being sent meanwhile has its calls by then."""
    incident.pages.filter(state=Waiting).update(state=Page.State.STOPPED, result=reason)
    waiting = Call.objects.filter(page__incident=incident, state=Call.State.WAITING)
    waiting.update(state=Call.State.STOPPED)


@transaction.atomic
def _page_one(reading: Reading) -> bool:
    """Send the oldest page that is due and that nobody else is sending."""
    due = Page.objects.due(reading.now).exclude(incident__alert__silenced=True)
    # The incident, too: whoever changes it stops its pages, and neither waits for the other.
    held = due.select_for_update(skip_locked=True, no_key=True, of=("self", "incident"))
    related = held.select_related("incident__project__owner", "incident__project__deputy", "user")
    page = related.select_related("schedule", "connection").order_by("due_at", "pk").first()
    if page is None:
        return False
    result = _send(page, reading.now)
    Page.objects.filter(pk=page.pk).update(
        state=Page.State.SENT, sent_at=reading.now, result=result[:500]
    )
    due_at = page.due_at.isoformat()
    _record("incidents.paged", page.incident, None, page=page.pk, step=page.step, due_at=due_at)
    live.changed(page.incident.topic)
    return True


def _send(page: Page, now: datetime) -> str:
    """Write the messages of a page; what came of it, in words."""
    connection = page.connection
    if connection is not None and connection.enabled:
        return _through(page)
    person, why = _person(page, now)
    if person is not None and contacts.call(page=page, user=person, now=now):
        return f"{person} is told"
    if person is not None:
        why = f"{person} has no way to be reached"
    return _fall_back(page, why, now)


def _person(page: Page, now: datetime) -> tuple[Any, str]:
    if page.schedule is not None:
        found = selectors.on_call(page.schedule, now)
        return found, "" if found else f"nobody is on call at {page.schedule}"
    if page.user is not None:
        able = page.user.is_active
        return (page.user if able else None), "" if able else f"{page.user} has left"
    return None, "whom it was for is gone"


def _fall_back(page: Page, why: str, now: datetime) -> str:
    people = selectors.fallback(page.incident.project)
    told = [person for person in people if contacts.call(page=page, user=person, now=now)]
    names = ", ".join(map(str, told or people)) or "nobody"
    sentence = f"{why[:1].upper()}{why[1:]}; {names} is told instead"
    return sentence if told else f"{sentence}, in the portal alone: there is no way to reach them"


def _through(page: Page) -> str:
    connection = page.connection
    assert connection is not None
    contacts.call_through(page=page)
    return f"{connection.name} is told"


def _record(verb: str, incident: Incident, by: AbstractUser | None, **data: Any) -> None:
    found = {"number": incident.number, **data}
    record(actor=by, verb=verb, subject=incident, project_id=incident.project_id, data=found)
