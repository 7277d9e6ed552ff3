"""What happened in each minute: how many were good, of how many."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.deployments import tallies
from apps.deployments.models import Tally
from apps.monitoring.models import Measurement, Slo
from apps.monitoring.objectives.indicators import (
    OF_REQUESTS,
    Lasting,
    Latency,
    Quality,
    Settings,
    checked,
    within,
)


@dataclass(slots=True)
class Count:
    """Good and all of one minute; a share of a bucket of answers may be good."""

    good: float = 0.0
    all: float = 0.0


Minutes = dict[datetime, Count]


def minute(at: datetime) -> datetime:
    """The minute that a moment lies in."""
    return at.replace(second=0, microsecond=0)


def count(slo: Slo, since: datetime, until: datetime) -> Minutes:
    """The minutes of `since <= at < until` in which anything happened."""
    settings = checked(slo.indicator, slo.settings)
    if slo.indicator in OF_REQUESTS:
        return _requests(slo, settings, since, until)
    assert isinstance(settings, Quality | Lasting)
    return _measurements(slo, settings, since, until)


def _requests(slo: Slo, settings: Settings, since: datetime, until: datetime) -> Minutes:
    found: Minutes = defaultdict(Count)
    rows = Tally.objects.filter(
        release__deployment_id=slo.deployment_id, shadow=False, at__gte=since, at__lt=until
    ).only("at", "requests", "failures", "seconds")
    for row in rows.iterator():
        good, every = _of_tally(row, settings)
        if every:
            found[minute(row.at)].good += good
            found[minute(row.at)].all += every
    return found


def _of_tally(row: Tally, settings: Settings) -> tuple[float, float]:
    if isinstance(settings, Latency):
        return within_time(row.seconds, settings.under_ms / 1000), float(sum(row.seconds))
    return float(row.requests - row.failures), float(row.requests)


def within_time(counts: Sequence[int], seconds: float) -> float:
    """How many answers took at most so long; a bucket that it cuts counts by logarithm of time."""
    place = bisect_left(tallies.EDGES, seconds)
    whole = float(sum(counts[:place]))
    if place >= min(len(counts), len(tallies.EDGES)):
        return whole
    high = tallies.EDGES[place]
    low = tallies.EDGES[place - 1] if place else high / 2
    part = math.log(seconds / low) / math.log(high / low) if seconds > low else 0.0
    return whole + part * counts[place]


def _measurements(
    slo: Slo, settings: Quality | Lasting, since: datetime, until: datetime
) -> Minutes:
    found: Minutes = defaultdict(Count)
    rows = Measurement.objects.filter(
        monitor=slo.monitor, part=settings.part, at__gte=since, at__lt=until
    )
    for at, value in rows.values_list("at", "value").iterator():
        found[minute(at)].good += within(settings, value)
        found[minute(at)].all += 1
    return found
