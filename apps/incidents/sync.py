"""One ticket in step with its incident. Each call levels both sides; it may run at any time, any number of times."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.incidents import services
from apps.incidents.models import Incident, Ticket
from apps.integrations import selectors as integrations
from apps.integrations.ports import TicketDraft, TicketRef, TicketState, TicketTracker
from apps.ledger.services import record

CLOSED_THERE = "The ticket {key} was closed."


@transaction.atomic
def link_ticket(*, incident: Incident, by: AbstractUser | None) -> Ticket:
    """Have a ticket for an incident in the project's tracker; the second call is the same ticket."""
    connection = integrations.connection_for(incident.project, TicketTracker)
    ticket, made = Ticket.objects.get_or_create(
        incident=incident,
        connection=connection,
        defaults={
            "correlation": f"signalbox-{incident.pk}-{connection.pk}",
            "created_by_id": by.pk if by else None,
        },
    )
    if made:
        data = {"ticket": ticket.pk, "connection": connection.pk}
        record(
            actor=by,
            verb="incidents.ticket_linked",
            subject=incident,
            project_id=incident.project_id,
            data=data,
        )
    request(ticket)
    return ticket


def request(ticket: Ticket) -> None:
    """Level both sides soon; many requests are one job."""
    jobs.enqueue(
        "incidents.sync_ticket",
        owner=None,
        project_id=ticket.incident.project_id,
        key=f"ticket:{ticket.pk}",
        ticket_id=ticket.pk,
    )


def level(ticket: Ticket, tracker: TicketTracker) -> None:
    """Look at the remote side, then bring whichever side is behind to the other's state."""
    if not ticket.key:
        _keep_ref(ticket, _found_or_opened(ticket, tracker))
    remote = tracker.read_ticket(ticket.key)
    _keep_state(ticket, remote)
    incident = Incident.objects.get(pk=ticket.incident_id)
    if remote.closed and incident.is_open:
        services.resolve(incident=incident, by=None, reason=CLOSED_THERE.format(key=ticket.key))
    elif not remote.closed and not incident.is_open:
        tracker.close_ticket(ticket.key, incident.reason or "The incident is resolved.")
        _keep_state(ticket, tracker.read_ticket(ticket.key))


def _found_or_opened(ticket: Ticket, tracker: TicketTracker) -> TicketRef:
    """A try that was cut short may have opened it already: look before opening."""
    return tracker.find_ticket(ticket.correlation) or tracker.open_ticket(_draft(ticket))


def _draft(ticket: Ticket) -> TicketDraft:
    incident = ticket.incident
    facts = "\n".join(f"- {item.text}" for item in incident.evidence.exclude(kind="runbook"))
    return TicketDraft(
        title=incident.title,
        body=f"Signalbox incident {incident.number} ({incident.severity}).\n\n{facts}",
        correlation=ticket.correlation,
        labels=("signalbox",),
    )


@transaction.atomic
def _keep_ref(ticket: Ticket, ref: TicketRef) -> None:
    ticket.key, ticket.url = ref.key, ref.url
    Ticket.objects.filter(pk=ticket.pk).update(key=ref.key, url=ref.url)
    record(
        actor=None,
        verb="incidents.ticket_opened",
        subject=ticket.incident,
        project_id=ticket.incident.project_id,
        data={"ticket": ticket.pk, "key": ref.key},
    )


def _keep_state(ticket: Ticket, remote: TicketState) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(
        remote_status=remote.status[:100],
        remote_closed=remote.closed,
        seen_at=timezone.now(),
        trouble="",
    )


def note_trouble(*, ticket_id: int) -> None:
    """Say on the page that the two sides may differ; the next look tries again."""
    Ticket.objects.filter(pk=ticket_id).update(
        trouble="The ticket system did not answer; the portal tries again."
    )
