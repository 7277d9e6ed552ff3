from __future__ import annotations

from typing import cast

from celery import shared_task

from apps.core.jobs import Progress, job_task
from apps.incidents import selectors, services, sync
from apps.integrations.opening import connector
from apps.integrations.ports import TicketTracker


@job_task("incidents.gather")
def gather(progress: Progress, *, incident_id: int) -> dict[str, int]:
    """Build the evidence pack of an incident."""
    progress(10, "Gathering evidence")
    count = services.keep_evidence(selectors.for_evidence(incident_id))
    return {"evidence": count}


@job_task("incidents.sync_ticket", on_failure=sync.note_trouble)
def sync_ticket(progress: Progress, *, ticket_id: int) -> None:
    """Bring a ticket and its incident to the same state."""
    ticket = selectors.ticket(ticket_id)
    progress(10, f"Looking at {ticket}")
    sync.level(ticket, cast(TicketTracker, connector(ticket.connection)))


@shared_task(name="incidents.look_at_tickets")
def look_at_tickets() -> None:
    """Ask for a look at every ticket that may differ: a webhook may have been lost."""
    for ticket in selectors.unsettled():
        sync.request(ticket)


@shared_task(name="incidents.catch_up")
def catch_up() -> None:
    """Bring alerts and incidents together again where an event was lost with its process."""
    services.catch_up()
