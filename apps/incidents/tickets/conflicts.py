"""Fields that changed on both sides: found, shown, and settled by a person."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.incidents.models import Incident, Ticket, TicketConflict
from apps.incidents.tickets.errors import AlreadySettled
from apps.incidents.tickets.linking import request
from apps.ledger.services import record

Kept = TicketConflict.Kept


def find(ticket: Ticket, field: str, ours: str, theirs: str) -> None:
    """Keep both values for a person to choose from; nothing is overwritten meanwhile."""
    open_ = TicketConflict.objects.filter(ticket=ticket, field=field, settled_at=None)
    values = {"ours": ours[:200], "theirs": theirs[:200]}
    if open_.update(**values):
        return
    conflict = TicketConflict.objects.create(ticket=ticket, field=field, **values)
    _record("incidents.ticket_conflict_found", conflict, by=None)


def close_same(ticket: Ticket, field: str) -> None:
    """Both sides became the same: there is nothing left to choose."""
    open_ = TicketConflict.objects.filter(ticket=ticket, field=field, settled_at=None)
    open_.update(settled_at=timezone.now(), kept=Kept.SAME)


@transaction.atomic
def settle(*, conflict: TicketConflict, keep: str, by: AbstractUser) -> TicketConflict:
    """Say whose value counts: `ours` or `theirs`. What has changed since is a new conflict, not overwritten.

    Raises `AlreadySettled`.
    """
    # Two people may settle at once; the first decides.
    ticket = Ticket.objects.select_for_update(of=["self"]).get(pk=conflict.ticket_id)
    row = TicketConflict.objects.get(pk=conflict.pk)
    if row.settled_at is not None:
        raise AlreadySettled(field=row.field, ticket=str(ticket))
    row.settled_at, row.kept, row.settled_by_id = timezone.now(), keep, by.pk
    row.save(update_fields=["settled_at", "kept", "settled_by"])
    # The side that counts is the one that changed against what both had.
    ticket.agreed[row.field] = [None, row.theirs] if keep == Kept.OURS else [row.ours, None]
    Ticket.objects.filter(pk=ticket.pk).update(agreed=ticket.agreed)
    _record("incidents.ticket_conflict_settled", row, by=by)
    request(ticket)
    return row


def _record(verb: str, conflict: TicketConflict, *, by: AbstractUser | None) -> None:
    incident = Incident.objects.get(pk=conflict.ticket.incident_id)
    record(
        actor=by,
        verb=verb,
        subject=incident,
        project_id=incident.project_id,
        data={"ticket": conflict.ticket_id, "field": conflict.field, "kept": str(conflict.kept)},
    )
    live.changed(incident.topic)
