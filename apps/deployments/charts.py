"""The charts of a deployment: requests, failures and latency of each release, with the releases as markers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from apps.core.ui.charts import Chart, Marker, Series
from apps.deployments import selectors, tallies
from apps.deployments.models import Deployment, Release
from apps.deployments.tallies import Summary

PARTS = 60
MOST_RELEASES = 4  # lines that can be told apart
Course = list[Summary]


@dataclass(frozen=True, slots=True)
class Window:
    """What the charts of some hours show."""

    charts: list[Chart]
    left_out: int

    @property
    def empty(self) -> bool:
        return all(chart.empty for chart in self.charts)


def window(deployment: Deployment, *, hours: int) -> Window:
    """The charts of the last hours."""
    until = timezone.now()
    since = until - timedelta(hours=hours)
    # The live release first, then the one under way: the same colours as in the traffic bar.
    found = sorted(selectors.drawn(deployment, since), key=_place)
    lines = found[:MOST_RELEASES]
    courses = tallies.course([row.pk for row in lines], since, until, parts=PARTS)
    named = [(f"v{row.version.number} #{row.number}", courses[row.pk]) for row in lines]
    frame = _Frame(_times(since, until), _markers(found, since), hours * 60 / PARTS)
    return Window(_charts(named, frame), len(found) - len(lines))


def _place(release: Release) -> int:
    states = (Release.State.LIVE, *Release.IN_FLIGHT)
    return min(states.index(release.state), 1) if release.state in states else 2


@dataclass(frozen=True, slots=True)
class _Frame:
    times: list[float]
    markers: list[Marker]
    minutes: float


def _charts(named: list[tuple[str, Course]], frame: _Frame) -> list[Chart]:
    requests = [
        Series(name, [part.requests / frame.minutes for part in course])
        for name, course in named
        if any(part.requests for part in course)
    ]
    failing = [
        Series(name, _each(course, lambda part: part.failing * 100)) for name, course in named
    ]
    latency = [
        Series(f"{name} {label}", _each(course, figure))
        for name, course in named[:3]
        for label, figure in (("p50", _p50), ("p99", _p99))
    ]
    return [
        _chart("Requests", "per minute", requests, frame),
        _chart("Failures", "% of the requests", failing, frame),
        _chart("Latency", "ms", latency, frame),
    ]


def _chart(title: str, unit: str, series: list[Series], frame: _Frame) -> Chart:
    return Chart(
        title=title,
        unit=unit,
        times=frame.times,
        series=series,
        markers=frame.markers,
        group="deployment",
    )


def _each(course: Course, figure: Callable[[Summary], float | None]) -> list[float | None]:
    """The figure of each part; a gap where nothing was asked, for then nothing is known."""
    return [figure(part) if part.requests else None for part in course]


def _p50(part: Summary) -> float | None:
    return None if part.p50 is None else part.p50 * 1000


def _p99(part: Summary) -> float | None:
    return None if part.p99 is None else part.p99 * 1000


def _times(since: datetime, until: datetime) -> list[float]:
    length = (until - since).total_seconds() / PARTS
    return [round(since.timestamp() + length * (part + 0.5)) for part in range(PARTS)]


def _markers(releases: list[Release], since: datetime) -> list[Marker]:
    return [
        Marker(row.live_at.timestamp(), f"v{row.version.number} live")
        for row in releases
        if row.live_at and row.live_at >= since
    ]
