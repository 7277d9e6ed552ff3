"""Fairness: whether groups are selected, or found, at different rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.bounds import Estimate, Limit
from apps.monitoring.looks.labelled import Columns, answers, labelled, positives
from apps.monitoring.looks.reading import Reading, before, span
from apps.monitoring.models import Monitor
from apps.predictions.rows import Row

SMALLEST = 30
MOST_GROUPS = 20
METHOD = (
    "selection: the share of positive answers per group (demographic parity; Calders and Verwer 2010); tpr: the share "
    "of positive answers among true positives (equal opportunity; Hardt et al. 2016). The largest gap of two groups is "
    "held against the limit; each group has its own interval (Chernoff-Hoeffding), the error rate is shared over pairs."
)


class Fairness(Settings):
    """Which groups, which rate, which gap is borne."""

    group: str = Field(
        min_length=1, max_length=200, description="The input column that names the group."
    )
    rate: Literal["selection", "tpr"] = "selection"
    most_gap: float = Field(default=0.1, ge=0, lt=1)
    hours: float = Field(default=168, gt=0, le=8760)
    prediction: str = Field(default="", max_length=200)
    positive: str = Field(default="1", max_length=200)

    @property
    def reach(self) -> timedelta:
        """How far back rows are read."""
        return timedelta(hours=self.hours)


def look(monitor: Monitor, settings: Fairness, reading: Reading) -> Seen | None:
    """Compare the groups of the newest rows."""
    rows = reading.rows(before(reading.at, hours=settings.hours))
    rows = labelled(rows) if settings.rate == "tpr" else rows
    if not rows:
        return None
    window = rows[-monitor.window_rows :]
    rates = _rates(window, settings)
    findings = _judged(rates, settings, monitor.every_seconds)
    starts_at, ends_at = span(window)
    first = findings[0]
    gap = "" if first["effect"] is None else f"{first['name']}: {first['effect']:.2f}"
    return Seen(
        bounds.worst(findings), len(window), starts_at, ends_at,
        f"{monitor.deployment.slug}: the {settings.rate} rates of {settings.group} differ, {gap}",
        findings,
        features=bounds.acting(findings),
        points=_points(findings, rates),
    )  # fmt: skip


def _rates(window: Sequence[Row], settings: Fairness) -> dict[str, Estimate]:
    columns = Columns(settings.prediction, positive=settings.positive)
    chosen = positives(answers(window, columns), columns)
    true = positives([row.truth for row in window], columns)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row, picked, really in zip(window, chosen, true, strict=True):
        if settings.rate == "selection" or really:
            group = counts[str(row.inputs.get(settings.group))[:80]]
            group[0] += int(picked)
            group[1] += 1
    largest = sorted(counts.items(), key=lambda item: -item[1][1])[:MOST_GROUPS]
    return {name: bounds.share(hits, rows) for name, (hits, rows) in largest}


def _judged(
    rates: Mapping[str, Estimate], settings: Fairness, every_seconds: int
) -> list[dict[str, Any]]:
    enough = {name: rate for name, rate in rates.items() if rate.rows >= SMALLEST}
    if len(enough) < 2:
        rows = sum(rate.rows for rate in rates.values())
        reason = (
            f"Two groups of {SMALLEST} rows are needed; {len(enough)} of {len(rates)} have as many."
        )
        return [bounds.too_few(settings.group, rows, reason)]
    ordered = sorted(enough, key=lambda name: -enough[name].value)
    pairs = len(ordered) * (len(ordered) - 1) // 2
    error = bounds.alpha(every_seconds, pairs)
    limit = Limit(settings.most_gap, True, error, "gap of two shares", settings.rate)
    first, last = ordered[0], ordered[-1]
    gap = bounds.gap(enough[first], enough[last])
    return [bounds.finding(f"{first} over {last}", gap, limit)]


def _points(findings: Sequence[dict[str, Any]], rates: Mapping[str, Estimate]) -> list[Point]:
    [found] = findings
    points = [Point(rate.value, rate.rows, part=name) for name, rate in rates.items() if rate.rows]
    if found["level"] != Level.TOO_FEW:
        points.append(Point(found["effect"], found["rows"][1], *found["interval"]))
    return points


register(Kind(Monitor.Kind.FAIRNESS, Fairness, look, METHOD, examples=[{"group": "country"}]))
