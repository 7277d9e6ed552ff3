"""Ids as the portal remembers them: 16 bytes for each, whatever its length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson
from django.db import connection, transaction
from psycopg import RawCursor
from psycopg.adapt import Dumper
from psycopg.pq import Format

from apps.predictions.models import Kind
from apps.predictions.rows import Row

UUID_OID, UUID_ARRAY_OID = 2950, 2951
_LENGTH = (16).to_bytes(4, "big")


class KeyArray(bytes):
    """`uuid[]` as PostgreSQL reads it in binary."""

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> KeyArray:
        """Keys of 16 bytes each."""
        head = (1, 0, UUID_OID, len(keys), 1)
        start = b"".join(number.to_bytes(4, "big") for number in head)
        return cls(start + b"".join([_LENGTH + key for key in keys]))


class _KeyArrayDumper(Dumper):
    format = Format.BINARY
    oid = UUID_ARRAY_OID

    def dump(self, obj: bytes) -> bytes:
        return bytes(obj)


def of_ids(deployment_id: int, kind: Kind, ids: Iterable[str]) -> list[bytes]:
    """The keys of these ids; PostgreSQL's `md5(…)::uuid` gives the same."""
    start = hashlib.md5(f"{deployment_id}:{kind.value}:".encode(), usedforsecurity=False)
    made = []
    for key in ids:
        each = start.copy()
        each.update(key.encode())
        made.append(each.digest())
    return made


def of_truths(deployment_id: int, rows: Iterable[Row]) -> list[bytes]:
    """The keys of ground truths: another time or another value is a correction, the same is a duplicate."""
    told = (f"{row.key}\n{row.time!r}\n{orjson.dumps(row.truth).decode()}" for row in rows)
    return of_ids(deployment_id, Kind.TRUTH, told)


def take(keys: Sequence[bytes]) -> set[int]:
    """Take the keys in the caller's transaction; the places of those that were taken before."""
    order = sorted(range(len(keys)), key=keys.__getitem__)  # in one order for all: no deadlock
    ordered = [keys[at] for at in order]
    again = {at for last, at in zip(order, order[1:], strict=False) if keys[last] == keys[at]}
    sent = KeyArray.of(ordered)
    savepoint = transaction.savepoint()
    if again or _insert(sent) < len(keys):
        # Rare, and dearer: once more, and tell which.
        transaction.savepoint_rollback(savepoint)
        fresh = _insert_telling(sent)
        return again | {at for at in range(len(keys)) if keys[at] not in fresh}
    transaction.savepoint_commit(savepoint)
    return set()


def _insert(sent: KeyArray) -> int:
    with _cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_takenkey (key) SELECT unnest($1) ON CONFLICT DO NOTHING",
            [sent],
        )
        return int(cursor.rowcount)


def _insert_telling(sent: KeyArray) -> set[bytes]:
    with _cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_takenkey (key) SELECT unnest($1) ON CONFLICT DO NOTHING"
            " RETURNING key",
            [sent],
        )
        return {key.bytes for (key,) in cursor.fetchall()}


def give_back(keys: Sequence[bytes]) -> None:
    """Forget the keys: their rows are gone."""
    with _cursor() as cursor:
        cursor.execute("DELETE FROM predictions_takenkey WHERE key = ANY($1)", [KeyArray.of(keys)])


def _cursor() -> RawCursor[tuple[UUID, ...]]:
    """A cursor that sends its arguments as they stand, which Django's does not."""
    connection.ensure_connection()
    open_one = connection.connection
    assert open_one is not None
    open_one.adapters.register_dumper(KeyArray, _KeyArrayDumper)
    return RawCursor(open_one)
