"""A webhook is a hint: the tickets it names are looked at, whatever it says."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Q

from apps.incidents.models import Incident, Ticket
from apps.incidents.tickets.linking import request
from apps.integrations import selectors as integrations
from apps.integrations.models import Connection
from apps.integrations.ports import Pager, TicketTracker

SENDERS = (TicketTracker, Pager)


def hint(*, connection_id: int, delivery_id: int) -> int:
    """Look at the tickets that a delivery names; at those of open incidents where it names none. Answers how many."""
    connection = Connection.objects.get(pk=connection_id)
    if not set(SENDERS) & set(connection.entry.provides):
        return 0
    rows = _named(connection, integrations.payload(delivery_id))
    for ticket in rows:
        request(ticket)
    return len(rows)


def _named(connection: Connection, body: Any) -> list[Ticket]:
    # The body is only searched for names, which needs no secret.
    sketch = cast(TicketTracker, connection.entry.load().sketch(connection.values))
    found = Ticket.objects.living().filter(connection=connection).select_related("incident")
    keys = sketch.keys_in(body)
    if not keys:
        return list(found.filter(incident__state__in=Incident.OPEN))
    return list(found.filter(Q(key__in=keys) | Q(label__in=keys) | Q(correlation__in=keys)))
