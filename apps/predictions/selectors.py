from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, QuerySet

from apps.core.access import Person
from apps.core.late import late
from apps.predictions import columns, joining
from apps.predictions.columns import Table
from apps.predictions.models import (
    Batch,
    Erasure,
    ErasureQuerySet,
    Kind,
    LakeFile,
    Retention,
    RetentionQuerySet,
    SetAside,
    SetAsideQuerySet,
)
from apps.predictions.reading import EVER, PREDICTIONS, Part, parts, steadily
from apps.predictions.rows import Row

np, pa, pc = late("numpy"), late("pyarrow"), late("pyarrow.compute")


def table(
    deployment_id: int,
    since: datetime,
    until: datetime,
    columns: Sequence[str] | None = None,
    *,
    copies: bool = False,
) -> Table:
    """The predictions of `[since, until)` as a `pyarrow.Table`, oldest first.

    Its columns: `id, time, version, release, truth` and `inputs.<name>`, `outputs.<name>`, and
    `truth.<name>` where ground truth came as records; with `columns` those of them that there are.
    Staged batches and files of the lake are read in one snapshot. Copies for shadows are left out
    unless asked for. Errors: `LakeAway`.
    """
    return steadily(lambda: _table(deployment_id, since, until, columns, copies))


def _table(
    deployment_id: int, since: datetime, until: datetime, names: Sequence[str] | None, copies: bool
) -> Table:
    wanted = None if names is None else [*names, "id", "time", "shadow"]
    with_truth = names is None or any(name.split(".")[0] == "truth" for name in names)
    kinds = (*PREDICTIONS, Kind.TRUTH) if with_truth else PREDICTIONS
    asked: list[Table] = []
    told: list[Table] = []
    for part in parts(deployment_id, kinds, since, until):
        if part.kind == Kind.TRUTH:
            told.append(part.table())
        else:
            asked.append(_cut(part.table(wanted), since, until, copies))
    found = columns.joined(asked, plain=True)
    found = found.sort_by("time") if found.num_rows else found
    found = joining.with_truth(found, told) if with_truth else found
    dropped = set() if copies else {"shadow"}
    kept = [name for name in found.column_names if name not in dropped]
    return found.select(kept if names is None else [name for name in kept if name in names])


def _cut(found: Table, since: datetime, until: datetime, copies: bool) -> Table:
    """The rows of the window."""
    times = found.column("time")
    inside = pc.and_(pc.greater_equal(times, _moment(since)), pc.less(times, _moment(until)))
    if not copies and "shadow" in found.column_names:
        inside = pc.and_(inside, pc.invert(pc.fill_null(found.column("shadow"), False)))
    return found.filter(inside)


def _moment(at: datetime) -> Any:
    return pa.scalar(at, columns.moments())


def counts(
    deployment_id: int, since: datetime, until: datetime, step: timedelta
) -> list[tuple[datetime, int]]:
    """How many predictions came in each step of `[since, until)`: its beginning and the number."""
    found = table(deployment_id, since, until, ["time"])
    width = step.total_seconds()
    steps = max(1, -(-int((until - since).total_seconds()) // max(1, int(width))))
    seconds = found.column("time").cast(pa.int64()).to_numpy() / 1e6 - since.timestamp()
    numbers = np.bincount((seconds // width).astype(int), minlength=steps)
    return [(since + step * at, int(number)) for at, number in enumerate(numbers)]


def logged(deployment_id: int, since: datetime, until: datetime) -> int:
    """How many predictions there are of `[since, until)`; only what lies across an end is opened."""
    return steadily(
        lambda: sum(
            part.count
            if since <= part.starts_at and part.ends_at < until
            else _cut(part.table(["time", "shadow"]), since, until, copies=False).num_rows
            for part in parts(deployment_id, PREDICTIONS, since, until)
        )
    )


def last(deployment_id: int) -> datetime | None:
    """The moment of the newest prediction."""
    ends = [
        found.filter(deployment_id=deployment_id, kind__in=PREDICTIONS).aggregate(
            last=Max("ends_at")
        )
        for found in (Batch.objects.all(), LakeFile.objects.filter(state=LakeFile.State.LIVE))
    ]
    return max((each["last"] for each in ends if each["last"]), default=None)


def set_aside_between(deployment_id: int, since: datetime, until: datetime) -> int:
    """How many rows did not fit in `[since, until)`, mended ones included."""
    found = SetAside.objects.filter(deployment_id=deployment_id, at__gte=since, at__lt=until)
    return found.count()


def rows(
    deployment_id: int, *, since: datetime, until: datetime, copies: bool = False
) -> list[Row]:
    """The predictions of `[since, until)`, oldest first, each with its truth where known.

    With `copies` also what shadows answered, which nobody was given.
    """
    return steadily(lambda: _rows(deployment_id, since, until, copies))


def _rows(deployment_id: int, since: datetime, until: datetime, copies: bool) -> list[Row]:
    first, last = since.timestamp(), until.timestamp()
    found: list[Row] = []
    told: list[Row] = []
    for part in parts(deployment_id, (*PREDICTIONS, Kind.TRUTH), since, until):
        truth = part.kind == Kind.TRUTH
        (told if truth else found).extend(
            row
            for row in part.rows()
            if truth or (first <= row.time < last and (copies or not row.shadow))
        )
    known = joining.latest(told)
    joined = [replace(row, truth=known.get(row.key)) for row in found]
    return sorted(joined, key=lambda row: row.time)


def newest(deployment_id: int, most: int) -> list[Row]:
    """The newest predictions of a deployment, newest first, at most `most`; truth is not joined."""
    return steadily(lambda: page(deployment_id, most=most))


def page(
    deployment_id: int,
    *,
    most: int,
    since: datetime = EVER[0],
    before: tuple[float, str] | None = None,
    version: str = "",
) -> list[Row]:
    """At most `most` predictions, newest first, before this time (seconds) and id; truth is not joined.

    Parts that end before the oldest row found are not opened.
    """
    until = EVER[1] if before is None else _after(before[0])
    found: list[Row] = []
    for part in parts(deployment_id, PREDICTIONS, since, until, order="newest"):
        if len(found) == most and part.ends_at.timestamp() < found[-1].time:
            break
        found += _newest_of(part, most, since, before, version)
        found = sorted(found, key=lambda row: (row.time, row.key), reverse=True)[:most]
    return found


def _newest_of(
    part: Part, most: int, since: datetime, before: tuple[float, str] | None, version: str
) -> list[Row]:
    """At most `most` rows of a part; only they become objects, however many it holds."""
    found = _cut(
        part.table(), since, EVER[1] if before is None else _after(before[0]), copies=False
    )
    if version:
        found = found.filter(pc.equal(found.column("version"), version))
    if before is not None:
        at = _moment(datetime.fromtimestamp(before[0], UTC))
        same = pc.and_(pc.equal(found.column("time"), at), pc.less(found.column("id"), before[1]))
        found = found.filter(pc.or_(pc.less(found.column("time"), at), same))
    ordered = found.sort_by([("time", "descending"), ("id", "descending")])
    return columns.to_rows(ordered.slice(0, most))


def _with_keys(part: Part, keys: Collection[str]) -> list[Row]:
    found = part.table()
    wanted = pa.array(sorted(keys), pa.string())
    return columns.to_rows(found.filter(pc.is_in(found.column("id"), value_set=wanted)))


def _after(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=1)


def truths_received(deployment_id: int, *, since: datetime, until: datetime) -> dict[str, Any]:
    """The ground truth that came in `[since, until)`, by the id of its prediction."""

    def read() -> list[Row]:
        found: list[Row] = []
        for part in parts(deployment_id, (Kind.TRUTH,)):
            found += _received(part, since, until)
        return found

    return joining.latest(steadily(read))


def _received(part: Part, since: datetime, until: datetime) -> list[Row]:
    if part.received_at < since:  # of a file: its last
        return []
    if part.of == "batch":
        return part.rows() if part.received_at < until else []
    found = part.table()
    at = found.column("received")
    inside = pc.and_(pc.greater_equal(at, _moment(since)), pc.less(at, _moment(until)))
    return columns.to_rows(found.filter(inside))


def of_keys(
    deployment_id: int, keys: Collection[str], *, since: datetime, until: datetime
) -> Iterator[Row]:
    """The predictions around `[since, until)` with these ids; truth is not joined."""

    def read() -> list[Row]:
        found = parts(deployment_id, PREDICTIONS, since, until)
        return [row for part in found for row in _with_keys(part, keys)]

    return iter(steadily(read))


def truth_history(deployment_id: int, key: str) -> list[Row]:
    """What was told of one prediction, oldest first."""

    def read() -> list[Row]:
        found = parts(deployment_id, (Kind.TRUTH,))
        return [row for part in found for row in _with_keys(part, {key})]

    return sorted(steadily(read), key=lambda row: row.time)


def count(deployment_id: int) -> int:
    """How many predictions a deployment has logged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT coalesce(sum(count), 0) FROM predictions_batch"
            "  WHERE deployment_id = %(d)s AND kind <> 'truth')"
            " + (SELECT coalesce(sum(count), 0) FROM predictions_lakefile"
            "  WHERE deployment_id = %(d)s AND kind <> 'truth' AND state = 'live')",
            {"d": deployment_id},
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Record:
    """One prediction, with what was told of it, oldest first; its row has the truth that counts."""

    row: Row
    history: list[Row]


def record(deployment_id: int, key: str, at: str | None = None) -> Record | None:
    """The prediction of that id; `at`, its time in seconds, spares reading what holds other times."""
    since, until = _around(at)
    found = list(of_keys(deployment_id, {key}, since=since, until=until))
    if not found:
        return None
    history = truth_history(deployment_id, key)
    first = min(found, key=lambda row: row.shadow)  # what somebody was given comes before a copy
    return Record(replace(first, truth=joining.latest(history).get(key)), history)


def _around(at: str | None) -> tuple[datetime, datetime]:
    try:
        moment = datetime.fromtimestamp(float(at or ""), UTC)
        return moment - timedelta(seconds=1), moment + timedelta(seconds=1)
    except (ValueError, OverflowError, OSError):
        return EVER


def log_page(
    deployment_id: int,
    *,
    most: int,
    before: tuple[float, str] | None,
    since: datetime | None,
    until: datetime | None,
    version: str = "",
) -> list[Row]:
    """A page of the log, newest first, each row with its truth where known."""
    end = None if until is None else (until.timestamp(), "")
    place = min(each for each in (before, end) if each) if before or end else None

    def read() -> list[Row]:
        return page(deployment_id, most=most, before=place, since=since or EVER[0], version=version)

    found = steadily(read)
    if not found:
        return found
    known = _truths_of(deployment_id, {row.key for row in found}, found[-1].time)
    return [replace(row, truth=known.get(row.key)) for row in found]


def _truths_of(deployment_id: int, keys: set[str], since: float) -> dict[str, Any]:
    def read() -> list[Row]:
        after = datetime.fromtimestamp(since, UTC)
        found = parts(deployment_id, (Kind.TRUTH,), after)
        return [row for part in found for row in _with_keys(part, keys)]

    return joining.latest(steadily(read))


def set_aside(deployment_id: int) -> QuerySet[SetAside]:
    """What could not be taken in, newest first."""
    return SetAside.objects.filter(deployment_id=deployment_id).order_by("-pk")


def set_aside_reasons(deployment_id: int) -> list[tuple[str, int]]:
    """How often each reason was given, the most frequent first."""
    found = SetAside.objects.filter(deployment_id=deployment_id).values_list("reason")
    counted = found.annotate(n=Count("pk")).order_by("-n", "reason")
    return [(reason, number) for reason, number in counted[:20]]


def set_asides(user: Person) -> SetAsideQuerySet:
    """What of all deployments the person may see."""
    return SetAside.objects.visible_to(user)


def erasures(user: Person) -> ErasureQuerySet:
    """What the person may see, newest first."""
    return Erasure.objects.visible_to(user).select_related("requested_by", "project")


def retentions(user: Person) -> RetentionQuerySet:
    """Of the projects that the person may see."""
    return Retention.objects.visible_to(user).select_related("project")
