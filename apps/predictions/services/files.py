"""Files of the lake and the transactions that make them count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.core.late import late
from apps.predictions import columns, lake
from apps.predictions.columns import Table
from apps.predictions.models import Batch, Kind, LakeFile
from apps.predictions.sources import Source

pa, pc = late("pyarrow"), late("pyarrow.compute")

UNFINISHED_AFTER = timedelta(hours=1)
# Who has just read the list of files may still open one; who comes too late asks for the list again.
RETIRED_FOR = timedelta(minutes=10)
State = LakeFile.State


def begin(source: Source, *, kind: Kind, hour: datetime, table: Table) -> LakeFile:
    """Note a file, then write it. It counts for nothing until `swap` makes it live."""
    ends = pc.min_max(table.column("time")).as_py()
    made = LakeFile.objects.create(
        project_id=source.project_id,
        deployment_id=source.deployment_id,
        kind=kind,
        hour=hour,
        path=lake.new_path(source.deployment_id, kind, hour),
        rows=table.num_rows,
        count=table.num_rows - _copies(table),
        starts_at=ends["min"],
        ends_at=ends["max"],
        received_at=_received(table),
    )
    written = lake.write(made.path, table)
    made.size, made.digest = written.size, written.digest
    LakeFile.objects.filter(pk=made.pk).update(size=made.size, digest=made.digest)
    return made


def _copies(table: Table) -> int:
    if "shadow" not in table.column_names:
        return 0
    return int(pc.sum(table.column("shadow")).as_py() or 0)


def _received(table: Table) -> datetime:
    last = pc.max(table.column("received")).as_py() if "received" in table.column_names else None
    return last or timezone.now()


@transaction.atomic
def swap(
    *, made: Sequence[LakeFile], batches: Sequence[int] = (), files: Sequence[int] = ()
) -> bool:
    """Make files live and take away what they replace, all at once; whether all of it was still there."""
    gone, _ = Batch.objects.filter(pk__in=batches).delete()
    retired = LakeFile.objects.filter(pk__in=files, state=State.LIVE).update(
        state=State.RETIRED, changed_at=timezone.now()
    )
    if gone != len(batches) or retired != len(files):
        transaction.set_rollback(True)  # somebody else was here: what was read is not what is there
        return False
    LakeFile.objects.filter(pk__in=[each.pk for each in made]).update(
        state=State.LIVE, changed_at=timezone.now()
    )
    return True


def discard(files: Sequence[LakeFile]) -> None:
    """Remove files that count for nothing, and then their rows."""
    for each in files:
        lake.delete(each.path)
        LakeFile.objects.filter(pk=each.pk).exclude(state=State.LIVE).delete()


def sweep() -> int:
    """Remove what a killed process left unfinished and what nobody reads any more; how many files."""
    now = timezone.now()
    left = [
        *LakeFile.objects.filter(state=State.WRITING, changed_at__lt=now - UNFINISHED_AFTER),
        *LakeFile.objects.filter(state=State.RETIRED, changed_at__lt=now - RETIRED_FOR),
    ]
    discard(left)
    return len(left)


def by_hour(table: Table) -> Iterator[tuple[datetime, Table]]:
    """The table in parts, one for each hour of its times, in the order of time."""
    hours = pc.floor_temporal(table.column("time"), unit="hour")
    for hour in sorted(pc.unique(hours).to_pylist()):
        part = table.filter(pc.equal(hours, pa.scalar(hour, columns.moments())))
        yield hour, part.sort_by("time")
