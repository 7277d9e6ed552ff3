"""The course of the figure that broke: points of the monitor's series around the onset."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.monitoring.models import Measurement

MOST_POINTS = 5000
Series = list[tuple[datetime, float]]
# What grows by itself, or goes up and down with the day, says nothing by growing.
NOT_DRAWN = {Breach.LABELS, Breach.STALE, Breach.STATE, Breach.UNKNOWN}


def part_of(case: Case) -> str:
    """Which line of the monitor's series tells of the breach: the most moved column's, or the whole."""
    if case.monitor is None or case.monitor.kind not in {"input_drift", "prediction_drift"}:
        return ""
    return str(case.features[0]["name"])[:200] if case.features else ""


def series(case: Case, back: timedelta) -> Series:
    """The points from so long before it began until the look that fired, oldest first."""
    if case.monitor is None or case.verdict is None or case.breach in NOT_DRAWN:
        return []
    until = case.verdict.ends_at
    found = Measurement.objects.filter(
        monitor=case.monitor, part=part_of(case), at__gt=until - back, at__lte=until
    )
    rows = list(found.order_by("-at").values_list("at", "value")[:MOST_POINTS])
    return rows[::-1]


def thinned(points: Series, most: int) -> list[tuple[float, float]]:
    """At most so many points in hours since the first, each the middle of its neighbours."""
    if not points:
        return []
    first = points[0][0]
    step = max(1, -(-len(points) // most))
    groups = [points[start : start + step] for start in range(0, len(points), step)]
    return [
        (
            median((at - first).total_seconds() / 3600 for at, _ in group),
            median(value for _, value in group),
        )
        for group in groups
    ]
