"""Ids as the portal remembers them: 16 bytes for each, whatever its length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson
from django.db import connection, transaction
from psycopg import RawCursor
from psycopg.adapt import Dumper
from psycopg.errors import UniqueViolation
from psycopg.pq import Format

from apps.predictions.models import Kind
from apps.predictions.rows import Row

WORTH_A_COPY = 200  # it needs more round trips, and less for each key
UUID_OID, UUID_ARRAY_OID = 2950, 2951
_LENGTH = (16).to_bytes(4, "big")
# COPY's binary form: a head, for each row how many fields and their lengths, an end.
_COPY = "COPY predictions_takenkey (key) FROM STDIN (FORMAT binary)"
_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_ROW = (1).to_bytes(2, "big") + _LENGTH
_COPY_END = b"\xff\xff"


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
    if not again and len(keys) >= WORTH_A_COPY and _copied(ordered):
        return set()
    # Few, or some that were taken before: key by key, and tell which.
    fresh = _insert_telling(KeyArray.of(ordered))
    return again | {at for at in range(len(keys)) if keys[at] not in fresh}


def _copied(ordered: Sequence[bytes]) -> bool:
    """Take all of them, or none where one was taken before."""
    savepoint = transaction.savepoint()
    try:
        with raw_cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(b"".join([_COPY_HEAD, *[_ROW + key for key in ordered], _COPY_END]))
    except UniqueViolation:
        transaction.savepoint_rollback(savepoint)
        return False
    transaction.savepoint_commit(savepoint)
    return True


def _insert_telling(sent: KeyArray) -> set[bytes]:
    with raw_cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_takenkey (key) SELECT unnest($1) ON CONFLICT DO NOTHING"
            " RETURNING key",
            [sent],
        )
        return {key.bytes for (key,) in cursor.fetchall()}


def give_back(keys: Sequence[bytes]) -> None:
    """Forget the keys: their rows are gone."""
    with raw_cursor() as cursor:
        cursor.execute("DELETE FROM predictions_takenkey WHERE key = ANY($1)", [KeyArray.of(keys)])


def raw_cursor() -> RawCursor[tuple[UUID, ...]]:
    """A cursor that sends its arguments as they stand, which Django's does not."""
    connection.ensure_connection()
    open_one = connection.connection
    assert open_one is not None
    open_one.adapters.register_dumper(KeyArray, _KeyArrayDumper)
    return RawCursor(open_one)
