"""Estimated accuracy before the truth comes, from probabilities that have proved to be calibrated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from apps.core.late import late
from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.bounds import Estimate, Limit
from apps.monitoring.looks.labelled import Columns, labelled, positives, probabilities
from apps.monitoring.looks.reading import Reading, before, span
from apps.monitoring.models import Monitor
from apps.predictions.rows import Row

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")

SMALLEST = 30
ENOUGH_LABELS = 200
BINS = 10
METHOD = (
    "Confidence-based performance estimation: the mean of max(p, 1 - p) over rows, as in Guillory et al. 2021 "
    "and NannyML's CBPE. It is sound only where p is calibrated, so the expected calibration error on rows with "
    "truth (Naeini et al. 2015, ten bins) is measured first and widens the interval; beyond the margin nothing is "
    "said. It cannot see a changed relation of inputs to truth."
)


class Estimated(Settings):
    """Against what the estimate is held, and how well calibrated the probabilities must be."""

    floor: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Empty: the accuracy on labelled rows less `may_lose`.",
    )
    may_lose: float = Field(default=0.05, ge=0, le=1)
    most_miscalibrated: float = Field(
        default=0.05, gt=0, le=0.5, description="Calibration error beyond which nothing is said."
    )
    hours: float = Field(
        default=720, gt=0, le=8760, description="How far back labelled rows are read."
    )
    probability: str = Field(default="", max_length=200)
    positive: str = Field(default="1", max_length=200)

    @property
    def reach(self) -> timedelta:
        """How far back rows are read."""
        return timedelta(hours=self.hours)


def look(monitor: Monitor, settings: Estimated, reading: Reading) -> Seen | None:
    """Estimate the accuracy of the newest rows, where calibration on labelled ones allows it."""
    rows = reading.rows(before(reading.at, hours=settings.hours))
    if not rows:
        return None
    window = rows[-monitor.window_rows :]
    columns = Columns(probability=settings.probability, positive=settings.positive)
    found = _judged(window, labelled(rows), columns, (settings, monitor.every_seconds))
    starts_at, ends_at = span(window)
    where = monitor.deployment.slug
    return Seen(
        found["level"], len(window), starts_at, ends_at,
        f"{where}: estimated accuracy {_said(found['effect'])} is below {_said(found['limit'])}",
        [found],
        features=bounds.acting([found]),
        points=[Point(found["effect"], len(window), *found["interval"])]
        if found["level"] != Level.TOO_FEW else [],
    )  # fmt: skip


def _judged(
    window: Sequence[Row],
    known: Sequence[Row],
    columns: Columns,
    how: tuple[Estimated, int],
) -> dict[str, Any]:
    settings, every_seconds = how
    name = "estimated accuracy"
    p = probabilities(window, columns)
    p = p[np.isfinite(p)]
    if len(p) < SMALLEST:
        return bounds.too_few(name, len(p), "Not sound: too few answers hold a probability.")
    if len(known) < ENOUGH_LABELS:
        reason = f"Not sound: {ENOUGH_LABELS} labelled rows are needed to check calibration, {len(known)} are there."
        return bounds.too_few(name, len(p), reason)
    off, accuracy = calibration(known, columns)
    if off > settings.most_miscalibrated:
        reason = f"Not sound: the calibration error is {off:.3f} over {len(known)} labelled rows."
        return bounds.too_few(name, len(p), reason)
    floor = settings.floor if settings.floor is not None else accuracy - settings.may_lose
    limit = Limit(floor, False, bounds.alpha(every_seconds), "mean of max(p, 1 - p)")
    reason = f"calibration error {off:.3f} over {len(known)} labelled rows"
    return bounds.finding(name, _estimate(p, off), limit, reason)


def _estimate(p: Any, off: float) -> Estimate:
    """The mean confidence; Hoeffding 1963 for values between ½ and 1, widened by the calibration error."""
    sure = np.maximum(p, 1 - p)

    def interval(error: float) -> tuple[float, float]:
        half = 0.5 * math.sqrt(math.log(2 / error) / (2 * len(sure))) + off
        return max(0.0, float(sure.mean()) - half), min(1.0, float(sure.mean()) + half)

    return Estimate(float(sure.mean()), len(sure), interval)


def calibration(rows: Sequence[Row], columns: Columns) -> tuple[float, float]:
    """The expected calibration error and the accuracy at ½ of labelled rows; (1, 0) without probabilities."""
    p = probabilities(rows, columns)
    true = positives([row.truth for row in rows], columns)
    there = np.isfinite(p)
    p, true = p[there], true[there]
    if len(p) < ENOUGH_LABELS:
        return 1.0, 0.0
    order = np.argsort(p, kind="stable")
    bins = np.array_split(order, BINS)
    off = sum(len(part) * abs(float(p[part].mean() - true[part].mean())) for part in bins) / len(p)
    return off, float(((p >= 0.5) == true).mean())


def _said(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


register(Kind(Monitor.Kind.ESTIMATED, Estimated, look, METHOD))
