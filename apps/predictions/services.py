from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgpack
from django.db import connection, transaction

from apps.predictions import rows
from apps.predictions.models import Batch, Kind, SetAside, Shipment
from apps.predictions.rows import Row, Unreadable
from apps.predictions.sources import Source

READERS: dict[Kind, Callable[[Any], Row]] = {
    Kind.PREDICTION: rows.prediction,
    Kind.TRUTH: rows.truth,
}


@dataclass(slots=True)
class Outcome:
    """What became of the records of one call."""

    accepted: int = 0
    duplicates: int = 0
    set_aside: list[dict[str, str]] = field(default_factory=list)


@transaction.atomic
def append(*, source: Source, kind: Kind, records: Iterable[Any]) -> Outcome:
    """Store records of one deployment; what is answered is committed with the caller's transaction.

    A record whose id was seen is a duplicate and dropped; one that cannot be read is kept aside.
    """
    outcome = Outcome()
    fresh: dict[str, Row] = {}
    for record in records:
        try:
            row = READERS[kind](record)
        except Unreadable as error:
            _set_aside(source, record, str(error), outcome)
            continue
        if row.key in fresh:
            outcome.duplicates += 1
        fresh.setdefault(row.key, row)
    unseen = _claim_keys(source.deployment_id, kind, list(fresh))
    outcome.duplicates += len(fresh) - len(unseen)
    outcome.accepted = len(unseen)
    _store(source.project_id, source.deployment_id, kind, [fresh[key] for key in unseen])
    return outcome


def _claim_keys(deployment_id: int, kind: Kind, keys: list[str]) -> list[str]:
    """The keys that nobody has sent before; they are taken now."""
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_predictionkey (deployment_id, kind, key)"
            " SELECT %s, %s, unnest(%s::text[]) ON CONFLICT DO NOTHING RETURNING key",
            (deployment_id, kind.value, sorted(keys)),
        )
        return [key for (key,) in cursor.fetchall()]


def _store(project_id: int, deployment_id: int, kind: Kind, found: list[Row]) -> None:
    if not found:
        return
    times = [row.time for row in found]
    Batch.objects.create(
        project_id=project_id,
        deployment_id=deployment_id,
        kind=kind,
        count=sum(not row.shadow for row in found),
        payload=msgpack.packb([row.packed() for row in found]),
        starts_at=datetime.fromtimestamp(min(times), UTC),
        ends_at=datetime.fromtimestamp(max(times), UTC),
    )


def _set_aside(source: Source, record: Any, reason: str, outcome: Outcome) -> None:
    key = str(record.get("id", ""))[:200] if isinstance(record, dict) else ""
    key = key.replace("\x00", "")
    SetAside.objects.create(
        project_id=source.project_id,
        deployment_id=source.deployment_id,
        key=key,
        reason=reason.replace("\x00", "")[:500],
        payload=msgpack.packb(record, default=str),
    )
    outcome.set_aside.append({"id": key, "reason": reason})


@transaction.atomic
def take_in(name: str, frames: Iterable[bytes]) -> None:
    """Store one journal segment. Safe to run twice: a segment is known by its name."""
    _, fresh = Shipment.objects.get_or_create(name=name)
    if not fresh:
        return
    found: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for frame in frames:
        exchange = msgpack.unpackb(frame)
        place = (exchange["project"], exchange["deployment"])
        try:
            found[place] += rows.of_exchange(exchange)
        except (Unreadable, KeyError, TypeError, ValueError) as error:
            source = Source(exchange["deployment"], exchange["project"], "")
            _set_aside(source, exchange, f"exchange: {error}", Outcome())
    for (project_id, deployment_id), seen in found.items():
        _store(project_id, deployment_id, Kind.EXCHANGE, seen)
