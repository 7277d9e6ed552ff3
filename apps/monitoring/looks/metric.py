"""A custom metric: a query that a connected system answers with a series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import median
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from apps.integrations import selectors as connections
from apps.integrations.ports import MetricSource, Sample
from apps.monitoring import anomalies
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor

MOST_STEPS = 11_000
FEWEST_SCORED = 100  # steps before a score means anything
NEWEST = 5  # steps whose scores decide
METHOD = (
    "threshold: the middle (median) value of the window beyond a limit, compared as it is. seasonal: the anomaly score "
    "of its newest steps, from the steps before them (tails of levels by peaks over threshold, and the day before). "
    "The query is sent to the connected source of metrics as it stands."
)


class Metric(Settings):
    """Which query, and what its values may be."""

    query: str = Field(min_length=1, max_length=4000, description="In the language of the source.")
    judge: Literal["threshold", "seasonal"] = "threshold"
    at_most: float | None = None
    at_least: float | None = None
    minutes: int = Field(default=15, ge=1, le=10_080)
    step_seconds: int = Field(default=60, ge=1, le=86_400)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.judge == "threshold" and self.at_most is None and self.at_least is None:
            raise ValueError("at_most or at_least is needed")
        if self.minutes * 60 > self.step_seconds * MOST_STEPS:
            raise ValueError(f"at most {MOST_STEPS} steps: make step_seconds larger")
        return self


Judge = Callable[[Sequence[Sample], Metric], list[dict[str, Any]]]


def threshold(series: Sequence[Sample], settings: Metric) -> list[dict[str, Any]]:
    """The middle value against either limit."""
    if not series:
        return [bounds.too_few("value", 0, "The query found no values in the window.")]
    middle = median(sample.value for sample in series)
    over = settings.at_most is not None and middle > settings.at_most
    under = settings.at_least is not None and middle < settings.at_least
    limit = settings.at_most if over or settings.at_least is None else settings.at_least
    found = bounds.plain("value", middle, limit, bad=over or under, type="median")
    return [found | {"rows": [0, len(series)]}]


def seasonal(series: Sequence[Sample], settings: Metric) -> list[dict[str, Any]]:
    """The strongest anomaly score of the newest steps."""
    if len(series) < FEWEST_SCORED:
        reason = f"At least {FEWEST_SCORED} steps are needed: make minutes larger."
        return [bounds.too_few("score", len(series), reason)]
    times = [sample.at.timestamp() for sample in series]
    scores = anomalies.score(times, [sample.value for sample in series]).values
    newest = max(scores[-NEWEST:])
    over = newest >= anomalies.THRESHOLD
    found = bounds.plain("score", newest, anomalies.THRESHOLD, bad=over, type="anomaly")
    return [found | {"rows": [0, len(series)]}]


JUDGES: dict[str, Judge] = {"threshold": threshold, "seasonal": seasonal}


def look(monitor: Monitor, settings: Metric, reading: Reading) -> Seen | None:
    """Ask the source for the window's series and judge it."""
    until = reading.minute
    since = until - timedelta(minutes=settings.minutes)
    source = connections.connector_for(monitor.project, MetricSource)
    step = timedelta(seconds=settings.step_seconds)
    series = source.series(settings.query, since=since, until=until, step=step)
    findings = JUDGES[settings.judge](series, settings)
    values = [f["effect"] for f in findings if f["effect"] is not None]
    said = f"{values[0]:.4g}" if values else "no value"
    return Seen(
        bounds.worst(findings), len(series), since, until,
        f"{monitor.deployment.slug}: {monitor.name} is {said}", findings,
        features=bounds.acting(findings),
        points=[Point(values[0], len(series))] if values else [],
    )  # fmt: skip


register(Kind(Monitor.Kind.METRIC, Metric, look, METHOD, examples=[{"query": "up", "at_least": 1}]))
