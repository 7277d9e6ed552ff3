"""A subject's rows taken out of everything that holds them, and the certificate of it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgpack
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.fields import Secret
from apps.core.late import late
from apps.ledger import services as ledger
from apps.predictions import columns, keys
from apps.predictions.columns import Table
from apps.predictions.errors import BadColumn, NothingNamed
from apps.predictions.locks import files_of
from apps.predictions.models import Batch, Erasure, Format, Kind, LakeFile, SetAside
from apps.predictions.reading import Moving, Part
from apps.predictions.services import files
from apps.predictions.services.compacting import file_part, part_of
from apps.predictions.sources import Source

pa, pc = late("pyarrow"), late("pyarrow.compute")

COLUMN = re.compile(r"id|(?:inputs|outputs|truth)\.[^\x00]{1,200}", re.DOTALL)
MOST_VALUES = 1000
Ids = frozenset[str]


@transaction.atomic
def request_erasure(
    *, source: Source, column: str, values: Sequence[str], by: AbstractUser
) -> Erasure:
    """Begin to erase every row of a deployment whose column has one of these values, and its ground truth.

    The values are compared as texts. They are kept encrypted until the work is done, then as a keyed hash.
    """
    if COLUMN.fullmatch(column) is None:
        raise BadColumn
    told = sorted({value for value in values if value})
    if not told or len(told) > MOST_VALUES:
        raise NothingNamed
    row = Erasure.objects.create(
        project_id=source.project_id,
        deployment_id=source.deployment_id,
        deployment=source.slug,
        column=column,
        subject=Secret.of(told),  # type: ignore[misc]  # the field takes it as it is
        subject_digest=_digest(told),
        requested_by_id=by.pk,
    )
    job = jobs.enqueue(
        "predictions.erase", owner=by, project_id=source.project_id, erasure_id=row.pk
    )
    Erasure.objects.filter(pk=row.pk).update(job_id=job.pk)
    row.job_id = job.pk
    _record(row, by, "predictions.erasure_requested")
    return row


def _digest(values: Sequence[str]) -> str:
    """Who knows the values and the portal's key can tell that they were meant; nobody else."""
    told = "\n".join(values).encode()
    return hmac.new(f"erasure:{settings.SECRET_KEY}".encode(), told, hashlib.sha256).hexdigest()


def is_about(erasure: Erasure, values: Sequence[str]) -> bool:
    """Whether these were the values that the erasure was asked for."""
    told = _digest(sorted({value for value in values if value}))
    return hmac.compare_digest(erasure.subject_digest, told)


def erase(*, erasure: Erasure) -> Erasure:
    """Do it. Safe to run twice: each batch and file is written anew in a transaction with its note.

    `NotYet` while another job has the files.
    """
    if erasure.state == Erasure.State.ERASED or erasure.subject is None:
        return erasure
    values = frozenset(erasure.subject.reveal())
    with files_of(erasure.deployment_id):
        ids = _ids(erasure, values)
        for part in _parts(erasure.deployment_id):
            _rewrite(erasure, part, values, ids)
        _drop_set_aside(erasure, values, ids)
        _finish(erasure)
    retired = LakeFile.objects.filter(
        deployment_id=erasure.deployment_id, state=LakeFile.State.RETIRED
    )
    files.discard(list(retired))
    erasure.refresh_from_db()
    return erasure


def _parts(deployment_id: int) -> Iterator[Part]:
    """Whatever there is, one after the other."""
    live = LakeFile.objects.filter(deployment_id=deployment_id, state=LakeFile.State.LIVE)
    for each in live.order_by("pk"):
        yield file_part(each)
    batches = Batch.objects.filter(deployment_id=deployment_id).order_by("pk")
    for pk in list(batches.values_list("pk", flat=True)):
        if (batch := batches.filter(pk=pk).first()) is not None:
            yield part_of(batch)


def _ids(erasure: Erasure, values: frozenset[str]) -> Ids:
    """The predictions that are meant: their ground truth goes with them."""
    found: set[str] = set(values) if erasure.column == "id" else set()
    for part in _parts(erasure.deployment_id):
        table = part.table(["id", "time", erasure.column])
        places = _places(table, erasure.column, values)
        found |= set(columns.taken(table, places).column("id").to_pylist())
    return frozenset(found)


def _places(table: Table, column: str, values: frozenset[str]) -> list[int]:
    if column not in table.column_names:
        return []
    told = columns.values(table, column)
    return [at for at, value in enumerate(told) if value is not None and as_text(value) in values]


def as_text(value: Any) -> str:
    """A value as a person writes it: whole numbers without a point, true and false in small letters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _rewrite(erasure: Erasure, part: Part, values: frozenset[str], ids: Ids) -> None:
    table = part.table()
    meant = pc.is_in(table.column("id"), value_set=pa.array(sorted(ids), pa.string()))
    places = set(pc.indices_nonzero(meant).to_pylist()) | set(
        _places(table, erasure.column, values)
    )
    if not places:
        return
    gone, kept = columns.taken(table, sorted(places)), columns.without(table, places)
    change = _rewrite_file if part.of == "file" else _rewrite_batch
    change(erasure, part, kept, gone)


def _rewrite_file(erasure: Erasure, part: Part, kept: Table, gone: Table) -> None:
    old = LakeFile.objects.get(pk=part.pk)
    kind = Kind(old.kind)
    made = []
    if kept.num_rows:
        source = Source(old.deployment_id, old.project_id, erasure.deployment)
        made = [files.begin(source, kind=kind, hour=old.hour, table=kept)]
    with transaction.atomic():
        if not files.swap(made=made, files=[old.pk]):
            raise Moving
        after = made[0].digest if made else ""
        _note(erasure, part, gone, {"before": old.digest, "after": after})
    files.discard([LakeFile.objects.get(pk=old.pk)])


@transaction.atomic
def _rewrite_batch(erasure: Erasure, part: Part, kept: Table, gone: Table) -> None:
    before = hashlib.sha256(part.payload or b"").hexdigest()
    payload = columns.packed(kept)
    found = Batch.objects.filter(pk=part.pk)
    if kept.num_rows:
        copies = pc.sum(kept.column("shadow")).as_py() or 0 if "shadow" in kept.column_names else 0
        found.update(payload=payload, format=Format.ARROW, count=kept.num_rows - copies)
        after = hashlib.sha256(payload).hexdigest()
    else:
        found.delete()
        after = ""
    _note(erasure, part, gone, {"before": before, "after": after})


def _note(erasure: Erasure, part: Part, gone: Table, digests: dict[str, str]) -> None:
    """What was done, in the transaction that does it; the ids of the rows are forgotten with them."""
    row = Erasure.objects.select_for_update().get(pk=erasure.pk)
    erased = gone.num_rows
    if part.kind == Kind.TRUTH:
        row.truths += erased
        keys.give_back(keys.of_truths(row.deployment_id, columns.to_rows(gone)))
    else:
        row.predictions += erased
        ids = gone.column("id").to_pylist()
        keys.give_back(keys.of_ids(row.deployment_id, Kind.PREDICTION, ids))
    row.parts.append({"what": part.of, "number": part.pk, "erased": erased, **digests})
    row.save(update_fields=["truths", "predictions", "parts"])


@transaction.atomic
def _drop_set_aside(erasure: Erasure, values: frozenset[str], ids: Ids) -> None:
    kept = SetAside.objects.filter(deployment_id=erasure.deployment_id)
    meant = [row.pk for row in kept.iterator(1000) if _names(row, erasure.column, values, ids)]
    SetAside.objects.filter(pk__in=meant).delete()
    row = Erasure.objects.select_for_update().get(pk=erasure.pk)
    row.set_aside += len(meant)
    row.save(update_fields=["set_aside"])


def _names(row: SetAside, column: str, values: frozenset[str], ids: Ids) -> bool:
    """Whether a record that nobody could read names the subject: anywhere, for it has no columns."""
    if row.key in ids:
        return True
    told = str(msgpack.unpackb(row.payload, strict_map_key=False))
    part, _, name = column.partition(".")
    record = msgpack.unpackb(row.payload, strict_map_key=False)
    inside = record.get(part) if isinstance(record, dict) else None
    if isinstance(inside, dict):
        return as_text(inside.get(name)) in values
    return any(value in told for value in values)


@transaction.atomic
def _finish(erasure: Erasure) -> None:
    Erasure.objects.filter(pk=erasure.pk).update(
        state=Erasure.State.ERASED, subject=None, finished_at=timezone.now()
    )
    erasure.refresh_from_db()
    _record(erasure, erasure.requested_by, "predictions.erased")


def fail_erasure(*, erasure_id: int) -> None:
    """The job gave up; what was asked for stays encrypted, so that it can be tried again."""
    Erasure.objects.filter(pk=erasure_id, state=Erasure.State.ERASING).update(
        state=Erasure.State.FAILED
    )


@transaction.atomic
def try_again(*, erasure: Erasure, by: AbstractUser) -> Erasure:
    """Begin a failed erasure anew; what it did already stays done."""
    Erasure.objects.filter(pk=erasure.pk, state=Erasure.State.FAILED).update(
        state=Erasure.State.ERASING
    )
    job = jobs.enqueue(
        "predictions.erase", owner=by, project_id=erasure.project_id, erasure_id=erasure.pk
    )
    Erasure.objects.filter(pk=erasure.pk).update(job_id=job.pk)
    _record(erasure, by, "predictions.erasure_requested")
    return erasure


def _record(row: Erasure, by: AbstractUser | None, verb: str) -> None:
    data = {
        "deployment": row.deployment_id,
        "predictions": row.predictions,
        "truths": row.truths,
        "set_aside": row.set_aside,
    }
    ledger.record(actor=by, verb=verb, subject=row, project_id=row.project_id, data=data)
