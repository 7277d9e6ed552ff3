from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, Max, Min

from apps.core.late import late
from apps.predictions import columns
from apps.predictions.columns import Table
from apps.predictions.locks import files_of
from apps.predictions.models import Batch, Kind, LakeFile
from apps.predictions.reading import Part
from apps.predictions.services import files
from apps.predictions.sources import Source

pa = late("pyarrow")

MOST_BATCHES = 5_000
MOST_ROWS = 1_000_000
SMALL_ROWS = 250_000  # smaller files of one hour become one
MANY_FILES = 4


def compact(*, source: Source) -> int:
    """Bring a deployment's batches into Parquet by hour, and small files of one hour together.

    Answers how many rows were moved. Safe to run twice, and to be killed at any step: files count from
    the one transaction that takes away what they replace. `NotYet` while another job has the files.
    """
    moved = 0
    with files_of(source.deployment_id):
        while found := _next_batches(source.deployment_id):
            moved += _compact(source, found)
        for group in _small_files(source.deployment_id):
            _merge(source, group)
    return moved


def _next_batches(deployment_id: int) -> list[Batch]:
    """The oldest, as many as fit into memory."""
    taken: list[Batch] = []
    rows = 0
    waiting = Batch.objects.filter(deployment_id=deployment_id).order_by("pk")
    for batch in waiting[:MOST_BATCHES].iterator(chunk_size=100):
        rows += batch.count
        if taken and rows > MOST_ROWS:
            break
        taken.append(batch)
    return taken


def _compact(source: Source, batches: Sequence[Batch]) -> int:
    tables: dict[Kind, list[Table]] = defaultdict(list)
    for batch in batches:
        kind = Kind.TRUTH if batch.kind == Kind.TRUTH else Kind.PREDICTION
        tables[kind].append(_of_batch(batch, kind))
    made = [
        files.begin(source, kind=kind, hour=hour, table=part)
        for kind, found in tables.items()
        for hour, part in files.by_hour(columns.joined(found))
    ]
    if not files.swap(made=made, batches=[batch.pk for batch in batches]):
        files.discard(made)
        return 0
    return sum(each.rows for each in made)


def _of_batch(batch: Batch, kind: Kind) -> Table:
    table = part_of(batch).table()
    if kind != Kind.TRUTH:
        return table
    received = pa.array([batch.received_at] * table.num_rows, columns.moments())
    return table.append_column("received", received)


def part_of(batch: Batch) -> Part:
    """The batch as readers have it."""
    return Part(
        "batch", batch.pk, batch.kind, batch.format, bytes(batch.payload), "",
        batch.starts_at, batch.ends_at, batch.received_at, batch.count,
    )  # fmt: skip


def _small_files(deployment_id: int) -> Iterable[list[LakeFile]]:
    """Files of one kind and hour that are many and small."""
    live = LakeFile.objects.filter(deployment_id=deployment_id, state=LakeFile.State.LIVE)
    small = live.filter(rows__lt=SMALL_ROWS).order_by("kind", "hour")
    many = small.values("kind", "hour").annotate(n=Count("pk")).filter(n__gte=MANY_FILES)
    for place in many:
        yield list(small.filter(kind=place["kind"], hour=place["hour"]).order_by("pk"))


def _merge(source: Source, group: Sequence[LakeFile]) -> None:
    kind = Kind(group[0].kind)
    whole = columns.joined([lake_table(each) for each in group]).sort_by("time")
    made = files.begin(source, kind=kind, hour=group[0].hour, table=whole)
    if not files.swap(made=[made], files=[each.pk for each in group]):
        files.discard([made])


def lake_table(each: LakeFile) -> Table:
    """The rows of a live file."""
    return file_part(each).table()


def file_part(each: LakeFile) -> Part:
    """The file as readers have it."""
    return Part(
        "file", each.pk, each.kind, "", None, each.path, each.starts_at, each.ends_at,
        each.received_at, each.count,
    )  # fmt: skip


def waiting() -> list[tuple[int, int, int, datetime]]:
    """Deployments with batches: their project, how many, and since when the oldest waits."""
    found = Batch.objects.values("deployment_id").annotate(
        project=Min("project_id"), n=Count("pk"), since=Min("received_at"), last=Max("received_at")
    )
    return [(each["deployment_id"], each["project"], each["n"], each["since"]) for each in found]
