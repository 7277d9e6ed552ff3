"""Whether the same height comes back at the same hour: then it is a peak of the season, and no fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.series import Series, series

BACK = timedelta(days=14, hours=2)
NEAR = timedelta(minutes=45)
DAYS = 14
LIKE = 0.7  # of the height over the usual level
HIGHER = 1.25  # more than the highest peak before is no peak of the season
FEWEST_DAYS = 3
STANDS_OUT = 0.1  # of the usual level


@dataclass(frozen=True, slots=True)
class Season:
    """A peak that comes back: on how many of the days that are known, every day or every week."""

    value: float
    usual: float
    seen: int
    known: int
    weekly: bool


def season(case: Case) -> Season | None:
    """The recurring peak behind the breach; `None` where the height is new, or too few days are known."""
    return recurring(series(case, BACK))


def recurring(points: Series) -> Season | None:
    """Hold the newest point against those of the same hour on the days before."""
    if not points:
        return None
    now = points[-1][0]
    value = max(v for at, v in points if now - at <= NEAR)
    peaks = {
        day: max(values)
        for day in range(1, DAYS + 1)
        if (values := [v for at, v in points if abs(at - (now - timedelta(days=day))) <= NEAR])
    }
    usual = _usual(points)
    if usual is None or len(peaks) < FEWEST_DAYS:
        return None
    height = value - usual
    if height <= STANDS_OUT * max(abs(usual), 1e-9) or height > HIGHER * (
        max(peaks.values()) - usual
    ):
        return None
    alike = {day for day, peak in peaks.items() if peak - usual >= LIKE * height}
    if len(alike) >= FEWEST_DAYS and len(alike) >= 0.6 * len(peaks):
        return Season(value, usual, len(alike), len(peaks), weekly=False)
    if alike == {7, 14}:
        return Season(value, usual, 2, 2, weekly=True)
    return None


def _usual(points: Series) -> float | None:
    """The level between the peaks: of the points at other hours of the day."""
    now = points[-1][0]
    day = timedelta(days=1)
    others = [v for at, v in points if NEAR * 2 < (now - at) % day < day - NEAR * 2]
    return median(others) if len(others) >= 2 * FEWEST_DAYS else None


def _gather(case: Case) -> Iterator[Item]:
    found, monitor = case.once(season), case.monitor
    if found is None or monitor is None:
        return
    how = (
        "on both weeks before" if found.weekly else f"on {found.seen} of {found.known} days before"
    )
    yield Item(
        "season",
        "monitoring.monitor",
        str(monitor.pk),
        f"{monitor.name} is as high at this hour {'every week' if found.weekly else 'every day'}",
        f"{monitor.name} reached {found.value:.4g}; at this hour it was as high {how}, and about "
        f"{found.usual:.4g} in between. A peak that comes back is no fault: the limit or the baseline "
        f"does not know of it.",
        monitor.get_absolute_url(),
        {
            "value": found.value, "usual": found.usual, "seen": found.seen, "known": found.known,
            "weekly": found.weekly,
        },
    )  # fmt: skip


register(Gatherer("season", "Whether it comes back at this hour", _gather))
