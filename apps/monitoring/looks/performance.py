"""Performance on the rows whose truth is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from pydantic import Field

from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks import figures as known_figures
from apps.monitoring.looks.bounds import Estimate, Limit
from apps.monitoring.looks.labelled import Columns, labelled
from apps.monitoring.looks.reading import Reading, before, span
from apps.monitoring.models import Monitor
from apps.predictions.rows import Row

SMALLEST = 30
MOST_SLICES = 50
MANY_VALUES = 20
METHOD = (
    "accuracy, F1, nDCG@k: interval of Chernoff-Hoeffding; AUC: DeLong et al. 1988; log loss, MAE, RMSE, R²: "
    "central limit theorem and delta method. Act where the whole interval lies beyond the floor, or beyond what "
    "the rows before the window reached less the margin; the error rate, 1 % a year, is shared over slices and looks."
)
Figure = Literal["auto", "accuracy", "f1", "auc", "log_loss", "mae", "rmse", "r2", "ndcg"]


class Performance(Settings):
    """Which figure, over which rows, against what."""

    figure: Figure = Field(default="auto", description="auto: accuracy of classes, MAE of numbers.")
    floor: float | None = Field(
        default=None,
        description="What it must reach (of errors: may reach). Empty: what it reached before.",
    )
    may_lose: float = Field(
        default=0.05, ge=0, le=10,
        description="How much worse than before is borne: in points of a share, or as a part of an error.",
    )  # fmt: skip
    hours: float = Field(default=168, gt=0, le=8760, description="How far back rows are read.")
    slice_by: str = Field(
        default="", max_length=200, description="An input column: each value on its own."
    )
    query: str = Field(
        default="", max_length=200, description="nDCG: the input column of the query."
    )
    k: int = Field(default=10, ge=1, le=1000)
    prediction: str = Field(
        default="", max_length=200, description="The output that is the answer."
    )
    probability: str = Field(default="", max_length=200)
    positive: str = Field(
        default="1", max_length=200, description="The class that counts as positive."
    )

    @property
    def reach(self) -> timedelta:
        """How far back rows are read."""
        return timedelta(hours=self.hours)

    @property
    def columns(self) -> Columns:
        """Which outputs are read."""
        return Columns(self.prediction, self.probability, self.positive)


@dataclass(frozen=True, slots=True)
class _Measured:
    """The figure as a function of rows, and on which side it is bad."""

    name: str
    above: bool
    settings: Performance

    def __call__(self, rows: Sequence[Row]) -> Estimate:
        columns = self.settings.columns
        if self.name == "ndcg":
            return known_figures.ndcg(self._queries(rows), columns, self.settings.k)
        return known_figures.FIGURES[self.name][0](rows, columns)

    def _queries(self, rows: Sequence[Row]) -> list[list[Row]]:
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in rows:
            found[row.inputs.get(self.settings.query, row.key)].append(row)
        return list(found.values())


def look(monitor: Monitor, settings: Performance, reading: Reading) -> Seen | None:
    """Measure the newest labelled rows, as a whole and by slice."""
    found = labelled(reading.rows(before(reading.at, hours=settings.hours)))
    if not found:
        return None
    window, earlier = found[-monitor.window_rows :], found[: -monitor.window_rows]
    measured = _measured(settings, window)
    parts = _parts(window, settings)
    error = bounds.alpha(monitor.every_seconds, len(parts))
    judged = partial(_judged, measured, earlier, error)
    findings = [judged(name, rows) for name, rows in parts]
    starts_at, ends_at = span(window)
    return Seen(
        bounds.worst(findings), len(window), starts_at, ends_at,
        _sentence(monitor, measured.name, findings), findings,
        features=bounds.acting(findings),
        points=[_point(f, measured.name) for f in findings if f["effect"] is not None],
    )  # fmt: skip


def _measured(settings: Performance, rows: Sequence[Row]) -> _Measured:
    name: str = settings.figure
    if name == "auto":
        name = "mae" if _numeric(rows) else "accuracy"
    above = name != "ndcg" and known_figures.FIGURES[name][1]
    return _Measured(name, above, settings)


def _numeric(rows: Sequence[Row]) -> bool:
    truths = [row.truth for row in rows]
    plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in truths)
    return plain and len(set(truths)) > MANY_VALUES


def _parts(window: Sequence[Row], settings: Performance) -> list[tuple[str, Sequence[Row]]]:
    parts: list[tuple[str, Sequence[Row]]] = [("", window)]
    if settings.slice_by:
        slices: dict[str, list[Row]] = defaultdict(list)
        for row in window:
            slices[f"{settings.slice_by}={row.inputs.get(settings.slice_by)}"[:200]].append(row)
        largest = sorted(slices.items(), key=lambda part: -len(part[1]))[:MOST_SLICES]
        parts += largest
    return parts


def _judged(
    measured: _Measured, earlier: Sequence[Row], error: float, part: str, rows: Sequence[Row]
) -> dict[str, Any]:
    name = part or measured.name
    estimate = measured(rows) if len(rows) >= SMALLEST else None
    if estimate is None or estimate.rows < 2:
        return bounds.too_few(
            name, len(rows), f"{SMALLEST} labelled rows are needed.", measured.name
        )
    limit, reason = _limit(measured, earlier, error)
    if limit is None:
        return bounds.too_few(name, len(rows), reason, measured.name) | {"effect": estimate.value}
    how = Limit(limit, measured.above, error, measured.name, measured.name)
    return bounds.finding(name, estimate, how, reason)


def _limit(measured: _Measured, earlier: Sequence[Row], error: float) -> tuple[float | None, str]:
    """The floor, or the worse end of what was reached before, less the margin."""
    settings = measured.settings
    if settings.floor is not None:
        return settings.floor, "the floor of the settings"
    reached = measured(earlier) if len(earlier) >= SMALLEST else None
    if reached is None or reached.rows < SMALLEST:
        return (
            None,
            "There is no floor, and too few labelled rows before the window to compare with.",
        )
    low, high = reached.bounds(error)
    worse = high if measured.above else low
    margin = settings.may_lose * (
        1 if measured.name in known_figures.SHARES else abs(reached.value)
    )
    said = f"{reached.value:.3g} over {reached.rows} rows before"
    return worse + margin if measured.above else worse - margin, said


def _point(found: dict[str, Any], figure: str) -> Point:
    low, high = found["interval"]
    part = "" if found["name"] == figure else found["name"]
    return Point(found["effect"], found["rows"][1], low, high, part)


def _sentence(monitor: Monitor, figure: str, findings: Sequence[dict[str, Any]]) -> str:
    bad = [f for f in findings if f["level"] == Level.ACT]
    said = [
        f"{f['name']} {f['effect']:.3g}, limit {f['limit']:.3g}, {f['rows'][1]} rows" for f in bad
    ]
    return f"{monitor.deployment.slug}: {figure} is worse than it may be: {'; '.join(said[:3])}"


register(Kind(Monitor.Kind.PERFORMANCE, Performance, look, METHOD))
