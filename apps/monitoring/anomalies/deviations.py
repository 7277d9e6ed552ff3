"""What a series deviates from: its own level a while ago, and the same hour of the day before."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

DAY = 86_400.0
LATE = 900.0  # a value this much earlier still stands for the time of day
BUCKET = 60.0  # of a faster series one value a minute is kept
SMOOTH = 20  # rows


@dataclass(frozen=True, slots=True)
class Level:
    """The mean of the newest rows against the mean of those before them.

    Two neighbouring windows, as change detection in streams has them (Kifer, Ben-David and Gehrke,
    VLDB 2004), here of different length so that spike, step and ramp each have a view.
    """

    newest: int
    before: int

    @property
    def rows(self) -> int:
        return self.newest + self.before

    def of(self, recent: Sequence[float]) -> float | None:
        """How far the level moved; None until a quarter of the past is there."""
        past = recent[-self.rows : -self.newest]
        if len(past) <= self.before // 4:
            return None
        return abs(sum(recent[-self.newest :]) / self.newest - sum(past) / len(past))


@dataclass(slots=True)
class Season:
    """The newest values against the same times a day before, smoothed over some rows.

    The seasonal naive forecast with a lag of a day (Hyndman and Athanasopoulos, Forecasting, 5.2).
    """

    times: deque[float] = field(default_factory=deque)
    values: deque[float] = field(default_factory=deque)
    yesterday: tuple[float, float] | None = None
    differences: deque[float] = field(default_factory=lambda: deque(maxlen=SMOOTH))

    def of(self, at: float, value: float) -> float | None:
        """How far it is from yesterday; None where nothing is known of yesterday."""
        while self.times and self.times[0] <= at - DAY:
            self.yesterday = (self.times.popleft(), self.values.popleft())
        if not self.times or at - self.times[-1] >= BUCKET:
            self.times.append(at)
            self.values.append(value)
        if self.yesterday is None or at - DAY - self.yesterday[0] > LATE:
            return None
        self.differences.append(value - self.yesterday[1])
        return abs(sum(self.differences) / SMOOTH)
