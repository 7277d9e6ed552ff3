"""One ticket in step with its incident. Each look levels both sides; it may come at any time, any number of times."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.incidents.models import Incident, Ticket
from apps.incidents.tickets import comments, fields, posts
from apps.incidents.tickets.errors import NobodyToWake, Settling
from apps.incidents.tickets.locks import looking_at
from apps.incidents.tickets.mapping import mapping_of
from apps.incidents.tickets.ours import values
from apps.incidents.tickets.sight import Sight
from apps.integrations.ports import Phase, TicketDraft, TicketRef, TicketTracker
from apps.ledger.services import record


def level(*, ticket: Ticket, tracker: TicketTracker) -> bool:
    """Look at the other side, then bring whichever side is behind to the other's state.

    `False` where nothing was looked at: the ticket rests or was given up, or another process looks.
    Raises what the tracker raises; nothing is lost by that, the next look goes on.
    """
    with looking_at(ticket.pk) as mine:
        now = Ticket.objects.select_related("incident__project", "connection").get(pk=ticket.pk)
        if not mine or not _may_look(now):
            return False
        _look(now, tracker)
    return True


def _may_look(ticket: Ticket) -> bool:
    rests = ticket.next_try_at is not None and ticket.next_try_at > timezone.now()
    return ticket.dead_at is None and not rests


def _look(ticket: Ticket, tracker: TicketTracker) -> None:
    asked = ticket.asked
    try:
        fresh = not ticket.key and _find_or_open(ticket, tracker)
    except NobodyToWake as why:
        _spared(ticket, asked, why)
        return
    mapping = mapping_of(ticket.incident.project_id, ticket.connection_id)
    sight = Sight(ticket, tracker, mapping, tracker.read_ticket(ticket.key), fresh)
    sight.keep()
    comments.take(sight)
    fields.level(sight)
    posts.send(sight)
    _answered(ticket, asked)


def _find_or_open(ticket: Ticket, tracker: TicketTracker) -> bool:
    """A try that was cut short may have opened it already: look before opening, and long enough.

    Answers whether it was opened just now.
    """
    found = tracker.find_ticket(ticket.correlation)
    if found is None:
        _require_settled(ticket, tracker)
    draft = _draft(ticket, tracker)
    ref = found or _opened(ticket, tracker, draft)
    tracker.link_back(ref, draft)
    _keep_ref(ticket, ref)
    return found is None


@transaction.atomic
def _spared(ticket: Ticket, asked: int, why: NobodyToWake) -> None:
    """Nothing was opened; should the incident be opened again, the next look opens it."""
    known = ticket.trouble
    _answered(ticket, asked)
    _write(ticket, opening_at=None, trouble=str(why))
    if known != str(why):
        incident = ticket.incident
        record(
            actor=None,
            verb="incidents.alarm_spared",
            subject=incident,
            project_id=incident.project_id,
            data={"ticket": ticket.pk, "connection": ticket.connection_id},
        )
        live.changed(incident.topic)


def _require_settled(ticket: Ticket, tracker: TicketTracker) -> None:
    if ticket.opening_at is None:
        return
    until = ticket.opening_at + timedelta(seconds=tracker.settles_seconds)
    left = (until - timezone.now()).total_seconds()
    if left > 0:
        raise Settling(retry_after=left)


def _opened(ticket: Ticket, tracker: TicketTracker, draft: TicketDraft) -> TicketRef:
    """Open it, after what is about to be said is noted: whoever finds it later knows what it was born with."""
    born = values(ticket.incident)
    agreed = {
        "phase": [Phase.OPEN, Phase.OPEN],
        "priority": [born["priority"], draft.priority],
        "assignee": ["", ""],
    }
    _write(ticket, opening_at=timezone.now(), agreed=agreed)
    return tracker.open_ticket(draft)


def _draft(ticket: Ticket, tracker: TicketTracker) -> TicketDraft:
    incident = ticket.incident
    url = f"{settings.PUBLIC_URL}{incident.get_absolute_url()}"
    facts = "\n".join(f"- {item.text}" for item in incident.evidence.exclude(kind="runbook"))
    mapping = mapping_of(incident.project_id, ticket.connection_id)
    priority = mapping.there("priority", incident.severity, tracker.priorities) or ""
    return TicketDraft(
        title=incident.title,
        body=f"Signalbox incident {incident.number} ({incident.severity}): {url}\n\n{facts}",
        correlation=ticket.correlation,
        labels=("signalbox",),
        url=url,
        priority=priority if mapping.sends("priority") else "",
    )


@transaction.atomic
def _keep_ref(ticket: Ticket, ref: TicketRef) -> None:
    _write(ticket, key=ref.key, url=ref.url, label=ref.label)
    incident = Incident.objects.get(pk=ticket.incident_id)
    record(
        actor=None,
        verb="incidents.ticket_opened",
        subject=incident,
        project_id=incident.project_id,
        data={"ticket": ticket.pk, "key": ref.label or ref.key},
    )
    live.changed(incident.topic)


def _answered(ticket: Ticket, asked: int) -> None:
    """Both sides were level at the moment of this look; a wish that came meanwhile still stands."""
    _write(
        ticket,
        answered=asked,
        seen_at=timezone.now(),
        failures=0,
        failing_since=None,
        next_try_at=None,
        trouble="",
    )


def _write(ticket: Ticket, **named: object) -> None:
    for name, value in named.items():
        setattr(ticket, name, value)
    Ticket.objects.filter(pk=ticket.pk).update(**named)
