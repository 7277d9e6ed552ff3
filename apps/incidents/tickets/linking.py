"""Having a ticket or an alarm for an incident."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F

from apps.core import jobs, live
from apps.incidents.models import Incident, Ticket
from apps.integrations import selectors as integrations
from apps.integrations.models import Connection
from apps.integrations.ports import Pager, TicketTracker
from apps.ledger.services import record


def link_ticket(
    *, incident: Incident, by: AbstractUser | None, connection: Connection | None = None
) -> Ticket:
    """Have a ticket in a tracker, the project's first without a `connection`; the second call is the same one."""
    chosen = connection or integrations.connection_for(incident.project, TicketTracker)
    return _link(incident, chosen, by)


def link_alarm(
    *, incident: Incident, by: AbstractUser | None, connection: Connection | None = None
) -> Ticket:
    """Have the people on call woken by a pager; the second call is the same alarm."""
    chosen = connection or integrations.connection_for(incident.project, Pager)
    return _link(incident, chosen, by)


@transaction.atomic
def _link(incident: Incident, connection: Connection, by: AbstractUser | None) -> Ticket:
    ticket, made = Ticket.objects.get_or_create(
        incident=incident,
        connection=connection,
        defaults={
            "correlation": f"signalbox-{incident.pk}-{connection.pk}",
            "created_by_id": by.pk if by else None,
        },
    )
    if made:
        record(
            actor=by,
            verb="incidents.ticket_linked",
            subject=incident,
            project_id=incident.project_id,
            data={"ticket": ticket.pk, "connection": connection.pk},
        )
        live.changed(incident.topic)
    request(ticket)
    return ticket


@transaction.atomic
def request(ticket: Ticket) -> None:
    """Level both sides soon; many requests are one job, and one that comes during a look is not lost."""
    Ticket.objects.filter(pk=ticket.pk).update(asked=F("asked") + 1)
    enqueue(ticket)


def enqueue(ticket: Ticket) -> None:
    """Put the look into the queue, unless it is there."""
    jobs.enqueue(
        "incidents.sync_ticket",
        owner=None,
        project_id=ticket.incident.project_id,
        key=f"ticket:{ticket.pk}",
        ticket_id=ticket.pk,
    )
