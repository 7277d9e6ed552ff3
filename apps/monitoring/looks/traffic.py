"""Traffic: requests now against the same minutes of the days before."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median
from typing import Any

from pydantic import Field

from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.bounds import Estimate, Limit
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor

DAYS = (1, 2, 3, 7)
METHOD = (
    "Requests of the window over the median of the same window 1, 2, 3 and 7 days before (where no such day had "
    "requests then: over the hour before). Act where the whole interval of the ratio lies beyond the limits; the "
    "interval is Chernoff's for Poisson counts. No request at all, where some were expected, is the ratio 0."
)


class Traffic(Settings):
    """How much less and how much more is borne."""

    minutes: int = Field(default=15, ge=1, le=1440)
    may_fall_to: float = Field(
        default=0.3, ge=0, lt=1, description="Of what is usual at this time."
    )
    may_rise_to: float = Field(default=5, gt=1, le=1000)
    least_expected: int = Field(
        default=30, ge=1, le=1_000_000, description="With fewer expected requests nothing is said."
    )


def look(monitor: Monitor, settings: Traffic, reading: Reading) -> Seen | None:
    """Compare the requests of the last minutes with what is usual."""
    until = reading.minute
    since = until - timedelta(minutes=settings.minutes)
    count = _count(reading, since, until)
    expected, reason = _usual(reading, since, until)
    findings = _judged((count, expected, reason), settings, monitor.every_seconds)
    said = f"{count} requests in {settings.minutes} minutes, {expected:.0f} are usual ({reason})"
    return Seen(
        bounds.worst(findings), count, since, until, f"{monitor.deployment.slug}: {said}", findings,
        features=bounds.acting(findings),
        points=[Point(count / settings.minutes, count)],
    )  # fmt: skip


def _judged(
    seen: tuple[int, float, str], settings: Traffic, every_seconds: int
) -> list[dict[str, Any]]:
    count, expected, reason = seen
    if expected < settings.least_expected:
        few = f"{expected:.0f} requests are usual; {settings.least_expected} are needed."
        return [bounds.too_few("requests", count, few)]
    ratio: Estimate = bounds.rate(count, expected)
    error = bounds.alpha(every_seconds, 2)
    fallen = Limit(settings.may_fall_to, False, error, "ratio to what is usual", "fall")
    risen = Limit(settings.may_rise_to, True, error, "ratio to what is usual", "rise")
    return [bounds.finding("requests", ratio, limit, reason) for limit in (fallen, risen)]


def _usual(reading: Reading, since: datetime, until: datetime) -> tuple[float, str]:
    """What these minutes usually have. A day counts where it had requests then or in the hour before."""
    hour = timedelta(hours=1)
    earlier = [(since - timedelta(days=day), until - timedelta(days=day)) for day in DAYS]
    counts = [
        _count(reading, start, end) for start, end in earlier if _count(reading, start - hour, end)
    ]
    if counts:
        return float(median(counts)), f"median of {len(counts)} days before"
    return _count(reading, since - hour, since) * (until - since) / hour, "the hour before"


def _count(reading: Reading, since: datetime, until: datetime) -> int:
    """What gateways counted; of a deployment without one, what was logged."""
    return reading.counted(since, until).requests or reading.logged(since, until)


register(Kind(Monitor.Kind.TRAFFIC, Traffic, look, METHOD, unit="per minute"))
