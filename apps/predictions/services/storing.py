"""How rows and what cannot be read are put down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgpack

from apps.core.late import late
from apps.predictions import columns
from apps.predictions.columns import Table
from apps.predictions.models import Batch, Format, Kind, SetAside
from apps.predictions.rows import Row
from apps.predictions.sources import Source

pc = late("pyarrow.compute")

FEW = 32  # rows for which Arrow's own words would weigh more than their values
LONGEST_REASON = 500


@dataclass(slots=True)
class Outcome:
    """What became of the records of one call."""

    accepted: int = 0
    duplicates: int = 0
    set_aside: list[dict[str, str]] = field(default_factory=list)


def store_rows(source: Source, kind: Kind, found: Sequence[Row]) -> None:
    """Put rows down as one batch."""
    if not found:
        return
    if len(found) >= FEW and kind != Kind.EXCHANGE:
        store_table(source, kind, columns.of_rows(found))
        return
    times = [row.time for row in found]
    Batch.objects.create(
        project_id=source.project_id,
        deployment_id=source.deployment_id,
        kind=kind,
        count=sum(not row.shadow for row in found),
        payload=msgpack.packb([row.packed() for row in found]),
        starts_at=datetime.fromtimestamp(min(times), UTC),
        ends_at=datetime.fromtimestamp(max(times), UTC),
    )


def store_table(source: Source, kind: Kind, table: Table) -> None:
    """Put a table down as one batch."""
    if not table.num_rows:
        return
    ends = pc.min_max(table.column("time")).as_py()
    Batch.objects.create(
        project_id=source.project_id,
        deployment_id=source.deployment_id,
        kind=kind,
        count=table.num_rows,
        format=Format.ARROW,
        payload=columns.packed(table),
        starts_at=ends["min"],
        ends_at=ends["max"],
    )


def set_aside(
    source: Source, kind: Kind, refused: Iterable[tuple[Any, str]], outcome: Outcome
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
