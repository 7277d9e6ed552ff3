from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from apps.core.late import late
from apps.predictions import columns, joining
from apps.predictions.columns import Table
from apps.predictions.models import Kind
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
        found += (
            row
            for row in part.rows()
            if not row.shadow
            and since.timestamp() <= row.time
            and (before is None or (row.time, row.key) < before)
            and version in ("", row.version)
        )
        found = sorted(found, key=lambda row: (row.time, row.key), reverse=True)[:most]
    return found


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
    deployment_id: int, keys: Container[str], *, since: datetime, until: datetime
) -> Iterator[Row]:
    """The predictions around `[since, until)` with these ids; truth is not joined."""

    def read() -> list[Row]:
        found = (part.rows() for part in parts(deployment_id, PREDICTIONS, since, until))
        return [row for each in found for row in each if row.key in keys]

    return iter(steadily(read))


def truth_history(deployment_id: int, key: str) -> list[Row]:
    """What was told of one prediction, oldest first."""

    def read() -> Iterable[Row]:
        return [
            row
            for part in parts(deployment_id, (Kind.TRUTH,))
            for row in part.rows()
            if row.key == key
        ]

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
