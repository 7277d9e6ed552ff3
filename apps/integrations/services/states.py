"""Whether the other side is well, as checks and deliveries find it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core import events, live
from apps.integrations.events import ConnectionFailing
from apps.integrations.models import Connection
from apps.ledger.services import record

VERBS = {
    Connection.State.CONNECTED: "integrations.connection_recovered",
    Connection.State.FAILING: "integrations.connection_failing",
}


@transaction.atomic
def mark(connection: Connection, *, state: Connection.State, note: str, **fields: Any) -> None:
    """Store what was found. The ledger hears of changes only, not of every look."""
    rows = Connection.objects.select_for_update().filter(pk=connection.pk)
    before = rows.values_list("state", flat=True).first()
    if before is None:
        return
    rows.update(state=state, note=note[:500], checked_at=timezone.now(), **fields)
    if before != state:
        _announce(connection, state, first=before == Connection.State.NEVER_CHECKED)
    live.changed(connection.topic)


def _announce(connection: Connection, state: Connection.State, *, first: bool) -> None:
    failing = state == Connection.State.FAILING
    if failing or not first:
        project_id = connection.project_id
        record(actor=None, verb=VERBS[state], subject=connection, project_id=project_id)
    if failing:
        events.publish(ConnectionFailing(connection.pk, connection.project_id))
