"""Batches and live files of a deployment, taken in one snapshot: a row is read once at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgpack
from django.db import connection

from apps.core.errors import Retryable
from apps.predictions import columns, lake
from apps.predictions.columns import Table
from apps.predictions.models import Format, Kind
from apps.predictions.rows import Row, unpacked

Found = TypeVar("Found")
PREDICTIONS = (Kind.EXCHANGE, Kind.PREDICTION)
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
MOST_TRIES = 5
IN_ONE_GO = 20

# One statement, hence one snapshot. Ground truth is told of later than of the prediction: its end is open.
_PARTS = """
SELECT 'batch', id, kind, format, payload, '', starts_at, ends_at, received_at, count
  FROM predictions_batch
 WHERE deployment_id = %(deployment)s AND kind = ANY(%(kinds)s) AND ends_at >= %(since)s
   AND (kind = 'truth' OR starts_at < %(until)s)
UNION ALL
SELECT 'file', id, kind, '', NULL, path, starts_at, ends_at, received_at, count
  FROM predictions_lakefile
 WHERE deployment_id = %(deployment)s AND kind = ANY(%(kinds)s) AND ends_at >= %(since)s
   AND (kind = 'truth' OR starts_at < %(until)s) AND state = 'live'
"""
ORDERS = {"oldest": "ORDER BY 1, 2", "newest": "ORDER BY 8 DESC, 2 DESC"}


class Moving(Retryable):
    sentence = "The files of these predictions are being written anew. Ask again."


@dataclass(frozen=True, slots=True)
class Part:
    """A batch or a file; `of` says which."""

    of: str
    pk: int
    kind: str
    format: str
    payload: bytes | None
    path: str
    starts_at: datetime
    ends_at: datetime
    received_at: datetime
    count: int

    def table(self, names: Sequence[str] | None = None) -> Table:
        """Its rows as columns; of a file, only the columns of these names."""
        if self.of == "file":
            return lake.read(self.path, names)
        if self.format == Format.ARROW:
            return columns.unpacked(bytes(self.payload or b""))
        return columns.of_rows(self.rows())

    def rows(self) -> list[Row]:
        """Its rows, in the order they are stored in."""
        if self.format == Format.MSGPACK:
            return [unpacked(stored) for stored in msgpack.unpackb(self.payload)]
        return columns.to_rows(self.table())


def parts(
    deployment_id: int,
    kinds: Sequence[str],
    since: datetime = EVER[0],
    until: datetime = EVER[1],
    *,
    order: str = "oldest",
) -> Iterator[Part]:
    """What may hold rows of `[since, until)`; of ground truth, whatever came since."""
    given: dict[str, Any] = {
        "deployment": deployment_id,
        "kinds": [str(kind) for kind in kinds],
        "since": since,
        "until": until,
    }
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"{_PARTS} {ORDERS[order]}", given)
        while found := cursor.fetchmany(IN_ONE_GO):
            for values in found:
                yield Part(*values)


def steadily(read: Callable[[], Found]) -> Found:
    """What `read` answers; once more where a file was written anew and deleted before it was opened."""
    for _ in range(MOST_TRIES):
        try:
            return read()
        except FileNotFoundError:
            continue
    raise Moving
