"""The values that a metric had on the way, asked of MLflow: the mirror keeps the last ones alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.ui.charts import Chart, Series
from apps.models.mirror import shapes
from apps.models.models import Run
from apps.models.upstream import Upstream

PATH = "2.0/mlflow/metrics/get-history-bulk-interval"
MOST_POINTS = 2000  # of each run; MLflow picks them evenly and keeps both ends

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric; NaN and the infinite ones are texts, as everywhere in JSON."""

    step: int
    timestamp: int
    value: float | str


def history(runs: Sequence[Run], key: str, *, most: int = MOST_POINTS) -> dict[int, list[Point]]:
    """The points of a metric by run, in order of step and time. The runs are of one project."""
    if not runs:
        return {}
    given = {"run_ids": [run.mlflow_id for run in runs], "metric_key": key, "max_results": most}
    told = Upstream(runs[0].project.slug).seen(PATH, **given).get("metrics", [])
    places = {run.mlflow_id: run.pk for run in runs}
    found: dict[int, list[Point]] = {run.pk: [] for run in runs}
    for each in told:
        if (pk := places.get(str(each.get("run_id")))) is not None:
            found[pk].append(_point(each))
    for points in found.values():
        points.sort(key=lambda point: (point.step, point.timestamp))
    return found


def histories(runs: Iterable[Run], key: str, *, most: int = MOST_POINTS) -> dict[int, list[Point]]:
    """As `history`, for runs of several projects."""
    by_project: dict[int, list[Run]] = {}
    for run in runs:
        by_project.setdefault(run.project_id, []).append(run)
    found: dict[int, list[Point]] = {}
    for some in by_project.values():
        found |= history(some, key, most=most)
    return found


def curve(key: str, runs: Sequence[Run], points: dict[int, list[Point]]) -> Chart:
    """The metric over its steps, a line for each run; of one step's values the last counts."""
    lines = {run.pk: _line(points.get(run.pk, [])) for run in runs}
    steps = sorted({step for line in lines.values() for step in line})
    return Chart(
        title=key,
        times=steps,
        series=[Series(str(run), [lines[run.pk].get(step) for step in steps]) for run in runs],
        over="step",
    )


def _line(points: list[Point]) -> dict[int, float]:
    return {each.step: each.value for each in points if isinstance(each.value, float)}


def _point(told: Json) -> Point:
    step, timestamp = shapes.whole(told.get("step")), shapes.whole(told.get("timestamp"))
    return Point(step, timestamp, shapes.number(told.get("value")))
