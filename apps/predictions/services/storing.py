"""How rows and what cannot be read are put down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgpack
from django.utils import timezone

from apps.core.late import late
from apps.predictions import columns
from apps.predictions.columns import Table
from apps.predictions.keys import raw_cursor
from apps.predictions.models import Format, Kind, SetAside
from apps.predictions.rows import Row
from apps.predictions.sources import Source

pc = late("pyarrow.compute")

FEW = 256  # rows for which Arrow's own words would weigh more than their values
LONGEST_REASON = 500


@dataclass(slots=True)
class Outcome:
    """What became of the records of one call."""

    accepted: int = 0
    duplicates: int = 0
    set_aside: list[dict[str, str]] = field(default_factory=list)


def store_rows(source: Source, *, kind: Kind, found: Sequence[Row]) -> None:
    """Put rows down as one batch."""
    if not found:
        return
    if len(found) >= FEW and kind != Kind.EXCHANGE:
        store_table(source, kind=kind, table=columns.of_rows(found))
        return
    times = [row.time for row in found]
    ends = (datetime.fromtimestamp(min(times), UTC), datetime.fromtimestamp(max(times), UTC))
    payload = msgpack.packb([row.packed() for row in found])
    count = sum(not row.shadow for row in found)
    _insert(source, kind, count, _Content(Format.MSGPACK, payload, ends))


def store_table(source: Source, *, kind: Kind, table: Table) -> None:
    """Put a table down as one batch."""
    if not table.num_rows:
        return
    ends = pc.min_max(table.column("time")).as_py()
    content = _Content(Format.ARROW, columns.packed(table), (ends["min"], ends["max"]))
    _insert(source, kind, table.num_rows, content)


@dataclass(frozen=True, slots=True)
class _Content:
    format: Format
    payload: bytes
    ends: tuple[datetime, datetime]


def _insert(source: Source, kind: Kind, count: int, content: _Content) -> None:
    """As `Batch.objects.create`, with the payload sent as it stands instead of twice as long in hexadecimal."""
    with raw_cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_batch (project_id, deployment_id, kind, format, count, payload,"
            " starts_at, ends_at, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [source.project_id, source.deployment_id, kind.value, content.format.value, count,
             content.payload, *content.ends, timezone.now()],
        )  # fmt: skip


def set_aside(
    source: Source, *, kind: Kind, refused: Iterable[tuple[Any, str]], outcome: Outcome
) -> None:
    """Keep records that do not fit, each with its reason."""
    made = [_aside(source, kind, record, reason) for record, reason in refused]
    SetAside.objects.bulk_create(made, batch_size=2000)
    outcome.set_aside += [{"id": row.key, "reason": row.reason} for row in made]


def _aside(source: Source, kind: Kind, record: Any, reason: str) -> SetAside:
    key = str(record.get("id", ""))[:200] if isinstance(record, dict) else ""
    return SetAside(
        project_id=source.project_id,
        deployment_id=source.deployment_id,
        kind=kind,
        key=key.replace("\x00", ""),
        reason=reason.replace("\x00", "")[:LONGEST_REASON],
        payload=msgpack.packb(record, default=str),
    )
