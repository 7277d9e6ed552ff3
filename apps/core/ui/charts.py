"""A chart as data: the server draws it once for everybody, the browser draws it again to be explored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from typing import Any, Literal

from apps.core.late import late
from apps.core.ui import numbers

np = late("numpy")

WIDTH, HEIGHT = 1000, 200
DRAWN_POINTS = 500
TABLE_ROWS = 200


@dataclass(frozen=True)
class Series:
    """One line: a value, or a gap, for each time of the chart."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Threshold:
    label: str
    value: float


@dataclass(frozen=True)
class Marker:
    """Something that happened at a moment, such as a release."""

    time: float
    label: str
    url: str = ""


@dataclass(frozen=True)
class Window:
    """A span of time that stands out, such as an alert."""

    start: float
    end: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Lines over time, or with `over="step"` over steps. `times` are seconds since 1970 or the steps,
    ascending; every series is as long.

    Charts of one `group` are read and zoomed together. Where there are many points, `source` is an
    address that answers `data()` as JSON, and the page itself carries a thinned chart.
    """

    title: str
    times: Sequence[float]
    series: Sequence[Series]
    unit: str = ""
    thresholds: Sequence[Threshold] = ()
    markers: Sequence[Marker] = ()
    windows: Sequence[Window] = ()
    stale_since: datetime | None = None
    group: str = ""
    source: str = ""
    over: Literal["time", "step"] = "time"
    axis: str = ""  # what the steps are, such as the values of a column

    def __post_init__(self) -> None:
        wrong = [line.label for line in self.series if len(line.values) != len(self.times)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: a value or a gap is needed for each time")

    @property
    def empty(self) -> bool:
        return all(_finite(value) is None for line in self.series for value in line.values)

    def thinned(self) -> Chart:
        """The same chart with as many points as a screen can show; peaks, troughs and gaps stay."""
        if len(self.times) <= DRAWN_POINTS:
            return self
        kept = sorted({at for line in self.series for at in thin(line.values, DRAWN_POINTS)})
        return replace(
            self,
            times=[self.times[at] for at in kept],
            series=[Series(line.label, [line.values[at] for at in kept]) for line in self.series],
        )

    def data(self) -> dict[str, Any]:
        """What the browser needs, as plain values."""
        return {
            "title": self.title,
            "unit": self.unit,
            "over": self.over,
            "axis": self.axis,
            "times": list(self.times),
            "series": [
                {"label": line.label, "values": [_finite(value) for value in line.values]}
                for line in self.series
            ],
            "thresholds": [asdict(one) for one in self.thresholds],
            "markers": [asdict(one) for one in self.markers],
            "windows": [asdict(one) for one in self.windows],
        }


@dataclass(frozen=True)
class Drawing:
    """The server's own picture of a chart, in the units of its view box."""

    lines: list[list[str]]
    rules: list[float]
    thresholds: list[float]
    windows: list[tuple[float, float]]


def draw(chart: Chart) -> Drawing:
    """Lines, thresholds and windows, placed."""
    low, high = _range(chart)
    first, last = chart.times[0], chart.times[-1]

    def x(time: float) -> float:
        return round((time - first) / ((last - first) or 1) * WIDTH, 1)

    def y(value: float) -> float:
        return round(HEIGHT - (value - low) / (high - low) * HEIGHT, 1)

    return Drawing(
        lines=[
            [
                " ".join(f"{x(chart.times[at])},{y(line.values[at] or 0)}" for at in run)
                for run in _runs(line.values)
            ]
            for line in chart.series
        ],
        rules=[HEIGHT * step / 4 for step in range(5)],
        thresholds=[y(one.value) for one in chart.thresholds],
        windows=[
            (x(max(first, one.start)), x(min(last, one.end)) - x(max(first, one.start)))
            for one in chart.windows
            if one.end > first and one.start < last
        ],
    )


def table(chart: Chart) -> list[tuple[datetime | str, list[str]]]:
    """The rows behind a chart, evenly picked where there are more than a page can hold."""
    step = max(1, -(-len(chart.times) // TABLE_ROWS))
    return [
        (
            _head(chart, chart.times[at]),
            [numbers.compact(line.values[at]) for line in chart.series],
        )
        for at in range(0, len(chart.times), step)
    ]


def _head(chart: Chart, time: float) -> datetime | str:
    return f"{time:g}" if chart.over == "step" else datetime.fromtimestamp(time, UTC)


def thin(values: Sequence[float | None], most: int) -> list[int]:
    """The places that keep the shape: of each stretch its lowest, its highest and its first gap."""
    if len(values) <= most:
        return list(range(len(values)))
    known = np.array(values, dtype=float)
    edges = np.linspace(0, len(values), most // 2 + 1).astype(int)
    kept: set[int] = {0, len(values) - 1}
    for start, end in pairwise(edges):
        stretch = known[start:end]
        gaps = ~np.isfinite(stretch)
        if gaps.any():
            kept.add(int(start + gaps.argmax()))
        if not gaps.all():
            kept.add(int(start + np.where(gaps, np.inf, stretch).argmin()))
            kept.add(int(start + np.where(gaps, -np.inf, stretch).argmax()))
    return sorted(kept)


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    runs: list[list[int]] = [[]]
    for at, value in enumerate(values):
        if _finite(value) is not None:
            runs[-1].append(at)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _range(chart: Chart) -> tuple[float, float]:
    known = [value for line in chart.series for value in _known(line.values)]
    known += [one.value for one in chart.thresholds]
    low, high = min(known), max(known)
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if _finite(value) is not None and value is not None]


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
