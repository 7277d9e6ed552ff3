"""Ground truth: of how many predictions it is known, and since when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.bounds import Limit
from apps.monitoring.looks.labelled import labelled
from apps.monitoring.looks.reading import Reading, before
from apps.monitoring.models import Monitor

SMALLEST = 30
METHOD = (
    "Coverage: the share of predictions older than the due time whose truth is known, with the interval of "
    "Chernoff and Hoeffding. Lag: the age of the newest prediction whose truth is known; performance is unknown "
    "since then."
)


class Labels(Settings):
    """When the truth is due, and for how many rows."""

    due_hours: float = Field(
        default=24, gt=0, le=8760, description="The truth is due after so long."
    )
    hours: float = Field(
        default=72, gt=0, le=8760, description="How many hours of due predictions are counted."
    )
    at_least: float = Field(default=0.5, ge=0, le=1, description="Share whose truth must be known.")
    most_lag_hours: float = Field(default=48, gt=0, le=8760)

    @property
    def reach(self) -> timedelta:
        """How far back rows are read."""
        return timedelta(hours=self.due_hours + self.hours)


def look(monitor: Monitor, settings: Labels, reading: Reading) -> Seen | None:
    """Count the due predictions whose truth is known."""
    rows = reading.rows(before(reading.at, hours=settings.due_hours + settings.hours))
    if not rows:
        return None
    until = before(reading.at, hours=settings.due_hours).timestamp()
    due = [row for row in rows if row.time < until]
    known = labelled(due)
    newest = max((row.time for row in labelled(rows)), default=None)
    findings = [_coverage(len(known), len(due), settings, monitor.every_seconds)]
    findings.append(_lag(newest, rows[0].time, reading.at, settings))
    return Seen(
        bounds.worst(findings), len(due), before(reading.at, hours=settings.due_hours + settings.hours),
        reading.minute, _sentence(monitor, findings[0], newest), findings,
        features=bounds.acting(findings),
        points=_points(findings, len(due)),
    )  # fmt: skip


def _coverage(known: int, due: int, settings: Labels, every_seconds: int) -> dict[str, Any]:
    if due < SMALLEST:
        return bounds.too_few("coverage", due, f"{SMALLEST} predictions must be due.")
    limit = Limit(settings.at_least, False, bounds.alpha(every_seconds), "share of due predictions")
    return bounds.finding("coverage", bounds.share(known, due), limit)


def _lag(newest: float | None, first: float, at: datetime, settings: Labels) -> dict[str, Any]:
    hours = (at.timestamp() - (first if newest is None else newest)) / 3600
    limit = settings.most_lag_hours
    reason = "No truth is known at all." if newest is None else ""
    return bounds.plain("lag", hours, limit, bad=hours > limit, type="hours", reason=reason)


def _points(findings: list[dict[str, Any]], due: int) -> list[Point]:
    coverage, lag = findings
    points = [Point(lag["effect"], due, part="lag")]
    if coverage["level"] != Level.TOO_FEW:
        points.append(Point(coverage["effect"], due, *coverage["interval"]))
    return points


def _sentence(monitor: Monitor, coverage: dict[str, Any], newest: float | None) -> str:
    since = f"{datetime.fromtimestamp(newest, UTC):%F %H:%M} UTC" if newest else "the beginning"
    share = (
        "" if coverage["effect"] is None else f" {coverage['effect']:.0%} of due truth is known."
    )
    return f"{monitor.deployment.slug}: performance unknown since {since}.{share}"


register(Kind(Monitor.Kind.LABELS, Labels, look, METHOD))
