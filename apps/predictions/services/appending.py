from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgpack
from django.db import transaction

from apps.core.late import late
from apps.predictions import columns, expected, keys, rows, vectors
from apps.predictions.bodies import Sent
from apps.predictions.columns import Table
from apps.predictions.models import Kind, Shipment
from apps.predictions.rows import Row, Unreadable
from apps.predictions.services.storing import Outcome as Outcome
from apps.predictions.services.storing import set_aside, store_rows, store_table
from apps.predictions.sources import Source

pc = late("pyarrow.compute")

READERS: dict[Kind, Callable[[Any], Row]] = {
    Kind.PREDICTION: rows.prediction,
    Kind.TRUTH: rows.truth,
}


@dataclass(frozen=True, slots=True)
class Ask:
    """Records of one call."""

    source: Source
    kind: Kind
    records: Sequence[Any]


@transaction.atomic
def append(*, source: Source, kind: Kind, records: Iterable[Any]) -> Outcome:
    """Store records of one deployment; what is answered is committed with the caller's transaction.

    A record whose id was seen is a duplicate and dropped; one that cannot be read, or that does not fit
    the signature of its version, is kept aside. Ground truth is a duplicate where its time and value are
    the same; another one is a correction.
    """
    given = list(records)
    if (table := vectors.of_records(given, kind)) is not None:
        return _append(source, kind, table, {})
    return append_together(asks=[Ask(source, kind, given)])[0]


def append_sent(*, source: Source, kind: Kind, sent: Sent) -> Outcome:
    """Store a body that was read, in whichever form it came."""
    if sent.records is None:
        return append_table(source=source, kind=kind, table=sent.table)
    return append(source=source, kind=kind, records=sent.records)


@transaction.atomic
def append_table(*, source: Source, kind: Kind, table: Table) -> Outcome:
    """Store a client's table as `append` stores records. Refuses (`Invalid`) columns that are no rows."""
    found, reasons = vectors.of_table(table, kind)
    return _append(source, kind, found, reasons)


def _append(source: Source, kind: Kind, table: Table, reasons: dict[int, str]) -> Outcome:
    outcome = Outcome()
    reasons = {**_misfits(source, kind, table), **reasons}
    if reasons:
        places = sorted(reasons)
        told = zip(vectors.records(table, places), map(reasons.__getitem__, places), strict=True)
        set_aside(source, kind=kind, refused=told, outcome=outcome)
        table = columns.without(table, reasons)
    dropped = keys.take(_keys(source, kind, table))
    table = columns.without(table, dropped)
    outcome.duplicates, outcome.accepted = len(dropped), table.num_rows
    store_table(source, kind=kind, table=table)
    return outcome


def _keys(source: Source, kind: Kind, table: Table) -> list[bytes]:
    if kind == Kind.TRUTH:
        return keys.of_truths(source.deployment_id, columns.to_rows(table))
    return keys.of_ids(source.deployment_id, kind, table.column("id").to_pylist())


def _misfits(source: Source, kind: Kind, table: Table) -> dict[int, str]:
    if kind != Kind.PREDICTION or not source.expected:
        return {}
    versions = table.column("version")
    named = pc.unique(versions).to_pylist()
    if len(named) == 1:
        return expected.misfits(table, source.expected.get(named[0], ()))
    found: dict[int, str] = {}
    for version in named:
        places = pc.indices_nonzero(pc.equal(versions, version)).to_pylist()
        wrong = expected.misfits(columns.taken(table, places), source.expected.get(version, ()))
        found |= {places[at]: reason for at, reason in wrong.items()}
    return found


@transaction.atomic
def append_together(*, asks: Sequence[Ask]) -> list[Outcome]:
    """Store the records of several calls in one transaction: one outcome for each, as `append` has it."""
    outcomes = [Outcome() for _ in asks]
    found: dict[tuple[int, Kind], list[tuple[Outcome, Row]]] = defaultdict(list)
    sources: dict[int, Source] = {}
    for ask, outcome in zip(asks, outcomes, strict=True):
        sources[ask.source.deployment_id] = ask.source
        readable = _readable(ask, outcome)
        found[ask.source.deployment_id, ask.kind] += [(outcome, row) for row in readable]
    for (deployment_id, kind), told in sorted(found.items(), key=lambda item: item[0]):
        _store_told(sources[deployment_id], kind, told)
    return outcomes


def _readable(ask: Ask, outcome: Outcome) -> list[Row]:
    good: list[Row] = []
    refused: list[tuple[Any, str]] = []
    for record in ask.records:
        try:
            good.append(_row(ask, record))
        except Unreadable as error:
            refused.append((record, str(error)))
    if refused:
        set_aside(ask.source, kind=ask.kind, refused=refused, outcome=outcome)
    return good


def _row(ask: Ask, record: Any) -> Row:
    row = READERS[ask.kind](record)
    if ask.kind == Kind.PREDICTION and ask.source.expected:
        reason = expected.misfit(row.inputs, ask.source.expected.get(row.version, ()))
        if reason is not None:
            raise Unreadable(reason)
    return row


def _store_told(source: Source, kind: Kind, told: list[tuple[Outcome, Row]]) -> None:
    taken = [row for _, row in told]
    if kind == Kind.TRUTH:
        dropped = keys.take(keys.of_truths(source.deployment_id, taken))
    else:
        dropped = keys.take(keys.of_ids(source.deployment_id, kind, [row.key for row in taken]))
    for at, (outcome, _) in enumerate(told):
        if at in dropped:
            outcome.duplicates += 1
        else:
            outcome.accepted += 1
    store_rows(source, kind=kind, found=[row for at, row in enumerate(taken) if at not in dropped])


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
            set_aside(
                source,
                kind=Kind.EXCHANGE,
                refused=[(exchange, f"exchange: {error}")],
                outcome=Outcome(),
            )
    for (project_id, deployment_id), seen in found.items():
        store_rows(Source(deployment_id, project_id, ""), kind=Kind.EXCHANGE, found=seen)


def forget_shipments(*, before: datetime) -> int:
    """Forget segments that came so long ago that none of them comes again; how many."""
    gone, _ = Shipment.objects.filter(taken_at__lt=before).delete()
    return gone
