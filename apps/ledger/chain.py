"""The chain itself: how a row is written canonically, how it is hashed, and the walk along it.

`docs/audit.md` specifies the same for auditors; the two must agree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.ledger.models import Archive, Seal

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
GENESIS = bytes(32)
CHUNK = 2000

# Every column leaves the database as text, whole number or null, so that nothing is rounded
# on the way: two stored values that differ always differ in the hash.
COLUMNS = {
    "actor_id": "e.actor_id",
    "at": "CASE WHEN isfinite(e.at) AND e.at >= '0001-01-01' THEN"
    " to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') ELSE e.at::text END",
    "data": "e.data::text",
    "id": "e.id",
    "project_id": "e.project_id",
    "request_id": "e.request_id",
    "subject_id": "e.subject_id",
    "subject_kind": "e.subject_kind",
    "token_id": "e.token_id",
    "verb": "e.verb",
}
ROW = ", ".join(COLUMNS.values())
LINKS = (
    f"SELECT s.position, s.entry_id, s.hash, e.id IS NOT NULL, {ROW}"  # noqa: S608  names of ours
    " FROM ledger_seal s LEFT JOIN ledger_entry e ON e.id = s.entry_id"
    " WHERE s.position > %s AND s.position <= %s ORDER BY s.position"
)
WAITING = (
    f"SELECT {ROW} FROM ledger_unsealed u JOIN ledger_entry e ON e.id = u.entry_id"  # noqa: S608
    " ORDER BY u.entry_id LIMIT %s"
)
STRAY = (
    "SELECT min(e.id) FROM ledger_entry e"
    " WHERE NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.entry_id = e.id)"
    " AND NOT EXISTS (SELECT 1 FROM ledger_unsealed u WHERE u.entry_id = e.id)"
)
LOST = (
    "SELECT min(u.entry_id) FROM ledger_unsealed u"
    " WHERE NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = u.entry_id)"
)
LAST = 2**63 - 1

# PostgreSQL's advisory locks, held to the end of the transaction.
SEALING, ARCHIVING = 7_351_001, 7_351_002

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A position and the hash the chain has there."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """One seal with the row it stands for; `row` is `None` where that is gone."""

    position: int
    entry_id: int
    hash: bytes
    row: Row | None


def canonical(row: Row) -> bytes:
    """The one way to write a row: JSON in UTF-8, keys sorted, no white space."""
    return ENCODER.encode(row).encode()


def digest(previous: bytes, row: Row) -> bytes:
    """The hash that joins a row to the chain."""
    return hashlib.sha256(previous + canonical(row)).digest()


def anchor() -> Place:
    """Where the chain in the database begins: after the last archive, or at its very start."""
    last = Archive.objects.order_by("-last").first()
    return Place(last.last, bytes(last.last_hash)) if last else Place(0, GENESIS)


def head() -> Place:
    """Where the chain ends now."""
    last = Seal.objects.order_by("-position").first()
    return Place(last.position, bytes(last.hash)) if last else anchor()


def before(position: int) -> Place:
    """The place that the row at `position` is joined to."""
    seal = Seal.objects.filter(position=position - 1).first()
    return Place(seal.position, bytes(seal.hash)) if seal else anchor()


def links(*, after: int = 0, until: int = LAST) -> Generator[Link, None, None]:
    """The chain in order, from a cursor on the server, so that memory stays small.

    Close it where it is not read to its end: the cursor belongs to the present transaction.
    """
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(LINKS, (after, until))
        while chunk := cursor.fetchmany(CHUNK):
            for position, entry_id, seal, there, *values in chunk:
                row = dict(zip(COLUMNS, values, strict=True)) if there else None
                yield Link(position, entry_id, bytes(seal), row)


def waiting(limit: int) -> list[Row]:
    """The oldest committed rows that no seal stands for yet."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, (limit,))
        return [dict(zip(COLUMNS, values, strict=True)) for values in cursor.fetchall()]


def stray() -> int | None:
    """An entry that is neither sealed nor waiting for its seal: somebody took the seal away."""
    return _one(STRAY)


def lost() -> int | None:
    """An entry that waits for its seal but is not there: somebody deleted it before it got one."""
    return _one(LOST)


def _one(query: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(query)
        found: int | None = cursor.fetchone()[0]
        return found


def lock(key: int, *, shared: bool = False) -> None:
    """Wait for an advisory lock; it goes with the transaction."""
    name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}(%s)", (key,))


def try_lock(key: int) -> bool:
    """Take an advisory lock if nobody holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (key,))
        taken: bool = cursor.fetchone()[0]
        return taken
