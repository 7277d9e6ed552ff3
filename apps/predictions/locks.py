"""One writer of a deployment's files at a time: compaction, retention and erasure take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from apps.core.jobs import NotYet

SPACE = 0x5072_6564  # the portal's other advisory locks have other first numbers
AGAIN_SECONDS = 5.0


@contextmanager
def files_of(deployment_id: int) -> Iterator[None]:
    """Hold the deployment's files; `NotYet` where another job holds them. Ends with the connection."""
    numbers = (SPACE, deployment_id % 2**31)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers)
        if not cursor.fetchone()[0]:
            raise NotYet(AGAIN_SECONDS)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)
