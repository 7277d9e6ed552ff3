from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import PortalError
from apps.core.jobs import Progress, job_task
from apps.incidents import postmortems, selectors, services, tickets
from apps.incidents.oncall import feeds, health, paging, push, sending, telling
from apps.incidents.tickets.failing import note_lost_job
from apps.incidents.tickets.linking import enqueue


@job_task("incidents.gather", time_limit=timedelta(minutes=2))
def gather(progress: Progress, *, incident_id: int, reason: str = "") -> dict[str, int]:
    """Build the evidence pack of an incident; kept where it differs from the newest."""
    progress(10, "Gathering evidence")
    count = services.keep_evidence(selectors.for_evidence(incident_id), reason=reason)
    return {"evidence": count}


@shared_task(name="incidents.look_at_evidence")
def look_at_evidence() -> None:
    """Have the packs of open incidents built anew: new looks, alerts and changes may have come."""
    for incident in selectors.due_for_evidence():
        services.gather(incident, reason="it was looked at again")


@job_task("incidents.sync_ticket", on_failure=note_lost_job)
def sync_ticket(progress: Progress, *, ticket_id: int) -> dict[str, str]:
    """Bring a ticket and its incident to the same state; what does not work now waits on the ticket itself."""
    ticket = selectors.ticket(ticket_id)
    progress(10, f"Looking at {ticket}")
    try:
        tickets.level(ticket=ticket, tracker=tickets.tracker_of(ticket))
    except PortalError as error:
        tickets.note_failure(ticket=ticket, error=error)
        return {"trouble": str(error)}
    return {}


@shared_task(name="incidents.look_at_tickets")
def look_at_tickets() -> None:
    """Have a look at every ticket that may differ: a webhook, or a wish to look, may have been lost."""
    for ticket in selectors.unsettled():
        enqueue(ticket)


@shared_task(name="incidents.catch_up")
def catch_up() -> None:
    """Bring alerts and incidents together again where an event was lost with its process."""
    services.catch_up()
    paging.catch_up()


@shared_task(name="incidents.page_due")
def page_due() -> None:
    """The beat of the escalation engine: send every page whose time has come."""
    paging.page_due()
    sending.send_due()
    health.beat()


@shared_task(name="incidents.tell_around_shifts")
def tell_around_shifts() -> None:
    """Tell of shifts that come and of hand-overs; ping the address that waits for the engine."""
    push.keys()
    telling.tell_around()
    health.tell_outside()


@shared_task(name="incidents.read_calendars")
def read_calendars() -> None:
    """Have the calendars read whose time has come."""
    feeds.read_due()


@job_task("incidents.read_calendar")
def read_calendar(progress: Progress, *, source_id: int) -> dict[str, int]:
    """Take the shifts of one calendar."""
    progress(10, "Fetching the calendar")
    taken = feeds.read(source_id=source_id)
    return {"shifts": taken.shifts, "unmatched": len(taken.unmatched)}


@job_task("incidents.remind")
def remind(progress: Progress, *, action_id: int) -> dict[str, bool]:
    """Remind the owner of an action, once a day at most."""
    progress(10, "Reminding its owner")
    return {"told": postmortems.remind(action_id=action_id, today=timezone.localdate())}


@shared_task(name="incidents.remind_owners")
def remind_owners() -> None:
    """Have every owner reminded whose action is due."""
    for action_id in postmortems.due(timezone.localdate()):
        key = f"remind:{action_id}"
        jobs.enqueue("incidents.remind", owner=None, key=key, action_id=action_id)


@shared_task(name="incidents.look_whether_again")
def look_whether_again() -> None:
    """Look at what ended seven and thirty days ago: did it come back?"""
    services.look_due()
