"""Keeps the rows that lists sort by level with what the mirror's runs hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from apps.models.models import Run, RunMetric, RunParam
from apps.models.models.logged import LONGEST_KEY, LONGEST_SORTED

LARGEST = 1.7976931348623157e308
FURTHEST = 2**63 - 1  # the last step that the column can hold
Row = TypeVar("Row", RunMetric, RunParam)


class Place(NamedTuple):
    """What a row is known by."""

    run_id: int
    key: str


def level(runs: Sequence[Run]) -> None:
    """Make the rows those that these runs have. One read; writes only what differs."""
    metrics = [row for run in runs for row in _metrics(run, run.metrics)]
    _level(RunMetric, runs, metrics, ("value", "step"))
    params = [row for run in runs for row in _params(run, run.params)]
    _level(RunParam, runs, params, ("value",))


def add(run: Run, *, metrics: Iterable[str], params: Iterable[str]) -> None:
    """Store the rows of these metrics and params of a run."""
    _store(RunMetric, _metrics(run, metrics), ("value", "step"))
    _store(RunParam, _params(run, params), ("value",))


def sortable(value: float | str) -> float | None:
    """A metric's value as MLflow's own tables hold it: infinite ones clipped, no NaN."""
    read = float(value)
    return None if math.isnan(read) else max(-LARGEST, min(LARGEST, read))


def _metrics(run: Run, keys: Iterable[str]) -> list[RunMetric]:
    rows = {
        key[:LONGEST_KEY]: RunMetric(
            run=run,
            project_id=run.project_id,
            key=key[:LONGEST_KEY],
            value=sortable(run.metrics[key]),
            step=max(-FURTHEST, min(FURTHEST, run.metric_steps[key][0])),
        )
        for key in sorted(keys)
    }
    return list(rows.values())


def _params(run: Run, keys: Iterable[str]) -> list[RunParam]:
    rows = {
        key[:LONGEST_KEY]: RunParam(
            run=run,
            project_id=run.project_id,
            key=key[:LONGEST_KEY],
            value=run.params[key][:LONGEST_SORTED],
        )
        for key in sorted(keys)
    }
    return list(rows.values())


def _level(
    model: type[Row], runs: Sequence[Run], wanted: list[Row], fields: tuple[str, ...]
) -> None:
    found = model.objects.filter(run__in=runs).values_list("pk", "run_id", "key", *fields)
    present = {Place(run_id, key): (pk, tuple(rest)) for pk, run_id, key, *rest in found}
    kept = {Place(row.run_id, row.key) for row in wanted}
    gone = [pk for place, (pk, _) in present.items() if place not in kept]
    if gone:
        model.objects.filter(pk__in=gone).delete()
    _store(model, [row for row in wanted if _differs(row, present, fields)], fields)


def _differs(row: Row, present: dict[Place, tuple[int, Any]], fields: tuple[str, ...]) -> bool:
    _, held = present.get(Place(row.run_id, row.key), (0, None))
    wanted = tuple(getattr(row, name) for name in fields)
    return bool(held != wanted)


def _store(model: type[Row], rows: list[Row], fields: tuple[str, ...]) -> None:
    if not rows:
        return
    rows.sort(key=lambda row: (row.run_id, row.key))  # one order of locks for every writer
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "key"], update_fields=fields
    )
