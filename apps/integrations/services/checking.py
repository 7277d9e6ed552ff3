from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import PortalError
from apps.core.models import Job
from apps.integrations.catalog import CATALOG
from apps.integrations.errors import Disabled, NothingToCheck
from apps.integrations.models import Connection
from apps.integrations.opening import connector
from apps.integrations.services.states import mark

MOST_AT_ONCE = 100


def request_check(*, connection: Connection, by: AbstractUser | None) -> Job:
    """Ask the other side, in a job, whether it answers to these settings."""
    if not connection.entry.load().can_check:
        raise NothingToCheck(name=connection.name)
    if not connection.enabled:
        raise Disabled(name=connection.name)
    return jobs.enqueue(
        "integrations.check_connection",
        owner=by,
        project_id=connection.project_id,
        key=f"integrations.check:{connection.pk}",
        connection_id=connection.pk,
    )


def check_connection(*, connection: Connection) -> str:
    """Look whether the system answers; the state and a sentence are kept. Safe to run twice."""
    try:
        note, state = connector(connection).check(), Connection.State.CONNECTED
    except PortalError as error:
        note, state = str(error), Connection.State.FAILING
    mark(connection, state=state, note=note)
    return note


def note_answer(*, connection: Connection, trouble: str = "") -> None:
    """Keep what a room that uses the connection found, where it is news: that it answers, or why not."""
    connection.refresh_from_db(fields=["state", "note"])
    state = Connection.State.FAILING if trouble else Connection.State.CONNECTED
    if connection.state != state or (trouble and connection.note != trouble[:500]):
        mark(connection, state=state, note=trouble or "It answers.")


def check_due() -> int:
    """Request checks of what has not been looked at for as long as its connector says."""
    count, now = 0, timezone.now()
    for slug, line in CATALOG.items():
        every = line.load().check_every
        if every is None:
            continue
        for connection in Connection.objects.due_for_check([slug], now - every)[:MOST_AT_ONCE]:
            request_check(connection=connection, by=None)
            count += 1
    return count
