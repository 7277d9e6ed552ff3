"""One look at a ticket at a time, whichever process looks; the lock goes with the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SPACE = 0x7469  # this app's own numbers among the database's advisory locks


@contextmanager
def looking_at(ticket_id: int) -> Iterator[bool]:
    """Hold the ticket; `False` where somebody else looks at it right now."""
    got = _ask("SELECT pg_try_advisory_lock(%s, %s)", ticket_id)
    try:
        yield got
    finally:
        if got:
            _ask("SELECT pg_advisory_unlock(%s, %s)", ticket_id)


def _ask(sql: str, ticket_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [SPACE, ticket_id % 2**31])
        return bool(cursor.fetchone()[0])
