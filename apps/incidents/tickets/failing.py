"""A ticket whose other side does not answer waits, longer each time; at last it is a dead letter."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.core.errors import PortalError, Retryable
from apps.incidents.models import Incident, Ticket
from apps.incidents.tickets import posts
from apps.incidents.tickets.errors import NotDead, Restless
from apps.incidents.tickets.linking import request
from apps.integrations.errors import Overtaken
from apps.ledger.services import record

SHORTEST, LONGEST = timedelta(seconds=15), timedelta(hours=1)
KEEP_TRYING = timedelta(days=1)
MOST_REFUSALS = 3

_random = SystemRandom()


@transaction.atomic
def note_failure(*, ticket: Ticket, error: PortalError) -> None:
    """Keep what went wrong, and when to look again; a dead letter where that has no point any more."""
    row = Ticket.objects.select_for_update(of=["self"]).get(pk=ticket.pk)
    now = timezone.now()
    since = row.failing_since or now
    row.failures, row.failing_since, row.trouble = row.failures + 1, since, str(error)[:500]
    # What was refused with nothing done leaves nothing to be found later.
    row.opening_at = row.opening_at if isinstance(error, Retryable) else None
    row.next_try_at = now + _pause(row.failures, error)
    if _hopeless(row, error):
        row.dead_at, row.next_try_at = now, None
        _record("incidents.ticket_given_up", row, by=None)
    row.save(
        update_fields=[
            "failures", "failing_since", "trouble", "opening_at", "next_try_at", "dead_at",
        ]
    )  # fmt: skip
    live.changed(Incident(pk=row.incident_id).topic)


@transaction.atomic
def redeliver(*, ticket: Ticket, by: AbstractUser) -> Ticket:
    """Try a dead letter again, with everything that was given up of it.

    Raises `NotDead` where neither the ticket nor a comment of it was given up.
    """
    row = Ticket.objects.select_for_update(of=["self"]).get(pk=ticket.pk)
    lost = row.posts.filter(state=posts.State.GIVEN_UP)
    if row.dead_at is None and row.next_try_at is None and not lost.exists():
        raise NotDead(ticket=str(row))
    row.dead_at = row.failing_since = row.next_try_at = None
    row.failures, row.trouble, row.writes = 0, "", 0
    row.save(
        update_fields=["dead_at", "failing_since", "next_try_at", "failures", "trouble", "writes"]
    )
    posts.send_again(row.pk)
    _record("incidents.ticket_redelivered", row, by=by)
    request(row)
    return row


def note_lost_job(*, ticket_id: int) -> None:
    """The job itself ended badly: the next beat looks again, after a pause."""
    Ticket.objects.filter(pk=ticket_id, next_try_at=None).update(
        trouble="The job that looks at it was cut short; the portal tries again.",
        next_try_at=timezone.now() + SHORTEST,
    )


def _pause(failures: int, error: PortalError) -> timedelta:
    """Doubling from a quarter of a minute to an hour, and at least as long as the other side asked for."""
    asked = timedelta(seconds=error.data.get("retry_after") or 0)
    if isinstance(error, Overtaken):
        return timedelta(seconds=1)
    doubled = SHORTEST * float(2 ** min(failures - 1, 10))
    return max(min(doubled, LONGEST) * _random.uniform(0.8, 1.2), min(asked, KEEP_TRYING))


def _hopeless(row: Ticket, error: PortalError) -> bool:
    if isinstance(error, Restless):
        return True
    if not isinstance(error, Retryable):
        return row.failures >= MOST_REFUSALS
    assert row.failing_since is not None
    return timezone.now() - row.failing_since > KEEP_TRYING


def _record(verb: str, ticket: Ticket, *, by: AbstractUser | None) -> None:
    incident = Incident.objects.get(pk=ticket.incident_id)
    data = {"ticket": ticket.pk, "failures": ticket.failures}
    record(actor=by, verb=verb, subject=incident, project_id=incident.project_id, data=data)
