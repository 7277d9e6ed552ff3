"""Whether the figure crept up over hours, or stepped: a leak is not the newest release's fault by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.series import Series, series, thinned

BACK = timedelta(hours=36)
MOST_POINTS = 160
FEWEST = 12
SHORTEST = 2.0  # hours of growth
BETTER = 0.6  # of a step's squared error, at most
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Trend:
    """Steady growth: since when, from what to what. `open`: it grew before the first point, too."""

    starts_at: datetime
    ends_at: datetime
    before: float
    after: float
    open: bool

    @property
    def hours(self) -> float:
        return (self.ends_at - self.starts_at).total_seconds() / 3600

    @property
    def tolerance(self) -> timedelta:
        """How exactly its start is known."""
        return max(timedelta(minutes=15), (self.ends_at - self.starts_at) / 10)

    def starts_with(self, moment: datetime) -> bool:
        """Whether the growth began at this moment, as exactly as that is known."""
        return abs(moment - self.starts_at) <= self.tolerance


def trend(case: Case) -> Trend | None:
    """The growth that led to the breach; `None` where it came at once, or moves too little to say."""
    if case.breach == Breach.VOLUME:
        return None
    points = series(case, BACK)
    return growth(points)


def growth(points: Series) -> Trend | None:
    """Compare "level, then a line" with "level, then another level", each at its best."""
    seen = thinned(points, MOST_POINTS)
    if len(seen) < FEWEST:
        return None
    place, level, slope, error = _hinge(seen)
    start, end = seen[place][0], seen[-1][0]
    rise = slope * (end - start)
    long_enough = end - start >= SHORTEST and len(seen) - place >= FEWEST // 2
    noise = (error / len(seen)) ** 0.5
    if not long_enough or rise <= 0.3 * abs(level) or rise <= 3 * noise:
        return None
    if error > BETTER * _step(seen) or not _keeps_growing(seen[place:]):
        return None
    first = points[0][0]
    return Trend(
        first + timedelta(hours=start), first + timedelta(hours=end), level, level + rise, place <= 1
    )  # fmt: skip


def _hinge(points: Points) -> tuple[int, float, float, float]:
    """Where a level turns into a line best: place, level, slope, squared error."""
    best: tuple[int, float, float, float] | None = None
    for place in range(len(points) - 2):
        level, slope, error = _line(points, points[place][0])
        if best is None or error < best[3]:
            best = (place, level, slope, error)
    assert best is not None
    return best


def _line(points: Points, start: float) -> tuple[float, float, float]:
    """Least squares of `level + slope * max(0, x - start)`."""
    xs = [max(0.0, x - start) for x, _ in points]
    ys = [y for _, y in points]
    n = len(points)
    mean_x, mean_y = sum(xs) / n, sum(ys) / n
    across = sum((x - mean_x) ** 2 for x in xs)
    slope = (
        sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / across
        if across
        else 0.0
    )
    level = mean_y - slope * mean_x
    return level, slope, sum((y - level - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))


def _step(points: Points) -> float:
    """The least squared error of two levels."""
    ys = [y for _, y in points]
    sums, squares = list(accumulate(ys)), list(accumulate(y * y for y in ys))
    n = len(ys)
    whole = squares[-1] - sums[-1] ** 2 / n
    errors = [
        squares[k - 1] - sums[k - 1] ** 2 / k
        + (squares[-1] - squares[k - 1]) - (sums[-1] - sums[k - 1]) ** 2 / (n - k)
        for k in range(1, n)
    ]  # fmt: skip
    return min([whole, *errors])


def _keeps_growing(points: Points) -> bool:
    """Each quarter of the growth lies above the one before: not one jump with a level behind it."""
    quarter = max(1, len(points) // 4)
    parts = [points[start : start + quarter] for start in range(0, quarter * 4, quarter)]
    means = [sum(y for _, y in part) / len(part) for part in parts if part]
    return all(later > earlier for earlier, later in zip(means, means[1:], strict=False))


def _gather(case: Case) -> Iterator[Item]:
    found, monitor = case.once(trend), case.monitor
    if found is None or monitor is None:
        return
    since = "at least since" if found.open else "since"
    yield Item(
        "trend",
        "monitoring.monitor",
        str(monitor.pk),
        f"{monitor.name} grew steadily for {found.hours:.0f} hours",
        f"{monitor.name} grew steadily {since} {found.starts_at:%F %H:%M} UTC, from {found.before:.4g} "
        f"to {found.after:.4g} in {found.hours:.1f} hours, without a step. That is how a leak or a slow "
        f"drift looks.",
        monitor.get_absolute_url(),
        {
            "starts_at": found.starts_at.isoformat(),
            "before": found.before,
            "after": found.after,
            "hours": round(found.hours, 2),
        },
    )


register(Gatherer("trend", "How it grew", _gather))
