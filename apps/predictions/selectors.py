from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import msgpack
from django.db.models import Sum

from apps.predictions.models import Batch, Kind
from apps.predictions.rows import Row, Scalar, unpacked

PREDICTIONS = (Kind.EXCHANGE, Kind.PREDICTION)


def rows(deployment_id: int, *, since: datetime, until: datetime) -> list[Row]:
    """The predictions of `[since, until)`, oldest first, each with its truth where known."""
    found = list(_read(deployment_id, PREDICTIONS, since, until))
    known = {row.key: row.truth for row in _read(deployment_id, (Kind.TRUTH,), since, None)}
    joined = [replace(row, truth=known.get(row.key)) for row in found]
    return sorted(joined, key=lambda row: row.time)


def newest(deployment_id: int, most: int) -> list[Row]:
    """The newest predictions of a deployment, newest first, at most `most`; truth is not joined."""
    batches = Batch.objects.filter(deployment_id=deployment_id, kind__in=PREDICTIONS)
    found: list[Row] = []
    for payload in batches.order_by("-ends_at").values_list("payload", flat=True).iterator(50):
        found += [unpacked(stored) for stored in msgpack.unpackb(payload)]
        if len(found) >= most:
            break
    return sorted(found, key=lambda row: -row.time)[:most]


def _read(
    deployment_id: int, kinds: tuple[Kind, ...], since: datetime, until: datetime | None
) -> Iterator[Row]:
    batches = Batch.objects.filter(
        deployment_id=deployment_id, kind__in=kinds, ends_at__gte=since
    ).order_by("pk")
    if until is not None:
        batches = batches.filter(starts_at__lt=until)
    first, last = since.timestamp(), (until or datetime.max.replace(tzinfo=UTC)).timestamp()
    for payload in batches.values_list("payload", flat=True).iterator():
        for stored in msgpack.unpackb(payload):
            if first <= stored[1] < last:
                yield unpacked(stored)


def truths_received(deployment_id: int, *, since: datetime, until: datetime) -> dict[str, Scalar]:
    """The ground truth that came in `[since, until)`, by the id of its prediction."""
    found = Batch.objects.filter(
        deployment_id=deployment_id, kind=Kind.TRUTH, received_at__gte=since, received_at__lt=until
    )
    return {
        row.key: row.truth
        for payload in found.values_list("payload", flat=True).iterator()
        for row in map(unpacked, msgpack.unpackb(payload))
    }


def of_keys(
    deployment_id: int, keys: Container[str], *, since: datetime, until: datetime
) -> Iterator[Row]:
    """The predictions around `[since, until)` with these ids; truth is not joined."""
    batches = Batch.objects.filter(
        deployment_id=deployment_id, kind__in=PREDICTIONS, ends_at__gte=since, starts_at__lt=until
    )
    for payload in batches.values_list("payload", flat=True).iterator():
        yield from (unpacked(each) for each in msgpack.unpackb(payload) if each[0] in keys)


def count(deployment_id: int) -> int:
    """How many predictions a deployment has logged."""
    batches = Batch.objects.filter(deployment_id=deployment_id, kind__in=PREDICTIONS)
    return batches.aggregate(total=Sum("count"))["total"] or 0
