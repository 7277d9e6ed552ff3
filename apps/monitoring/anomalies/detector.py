"""The streaming detector: one value in, one score out."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from apps.monitoring.anomalies.deviations import SMOOTH, Level, Season
from apps.monitoring.anomalies.tails import Record, Tail

LEVELS = (Level(3, 200), Level(5, 200), Level(10, 150))
USUAL = 3.5  # mean excesses that stand for an alarm
MOST = 4.0  # one view alone counts no more than this
ROUNDING = 1e-9  # of the greatest value: smaller deviations are arithmetic
LIMIT = 1e150  # greater numbers could not be added up
ALARM = 1.0  # strangeness: the record is broken, or the level is beyond the usual excess
THRESHOLD = ALARM / (1 + ALARM)
SUPPRESSED = 0.99  # of the threshold: what a score is at most right after an alarm
QUIET_SHARE, QUIET_ROWS = 0.05, 10


@dataclass(slots=True)
class Detector:
    """Scores a series value by value; what it keeps is bounded, and can be stored between calls.

    The surprise of three level views is averaged, as of an ensemble; breaking the record of
    deviation from yesterday counts by itself. After an alarm it is quiet for 5 % of the rows seen.
    """

    rows: int = 0
    latest: float = -math.inf
    greatest: float = 0.0
    alarmed: int | None = None
    recent: deque[float] = field(
        default_factory=lambda: deque(maxlen=max(level.rows for level in LEVELS))
    )
    tails: list[Tail] = field(default_factory=lambda: [Tail() for _ in LEVELS])
    season: Season = field(default_factory=Season)
    record: Record = field(default_factory=Record)
    strange: float = 0.0  # of the newest row, before the quiet after an alarm

    def add(self, at: float, value: float | None) -> float:
        """The score of the next row, 0 to 1; `at` in seconds. A missing value scores 0.

        Times that go backwards are taken as standing still.
        """
        self.rows += 1
        self.strange = 0.0
        if value is None or not math.isfinite(value):
            return 0.0
        value = max(-LIMIT, min(value, LIMIT))
        self.latest = max(self.latest, at)
        self.greatest = max(self.greatest, abs(value))
        self.recent.append(value)
        self.strange = max(self._levels(), self._season(value))
        return self._after_alarm(self.strange / (1 + self.strange))

    @property
    def _floor(self) -> float:
        return max(ROUNDING * self.greatest, 1e-300)

    def _levels(self) -> float:
        recent, total = list(self.recent), 0.0
        for level, tail in zip(LEVELS, self.tails, strict=True):
            deviation = level.of(recent)
            if deviation is not None:
                total += min(tail.surprise(deviation, self._floor) / USUAL, MOST)
        return total / len(LEVELS)

    def _season(self, value: float) -> float:
        deviation = self.season.of(self.latest, value)
        if deviation is None:
            return 0.0
        return min(self.record.surprise(deviation, self._floor), 1e6)

    def _after_alarm(self, score: float) -> float:
        if score < THRESHOLD:
            return score
        quiet = max(QUIET_ROWS, int(QUIET_SHARE * self.rows))
        if self.alarmed is not None and self.rows - self.alarmed <= quiet:
            return THRESHOLD * SUPPRESSED
        self.alarmed = self.rows
        return score

    def state(self) -> dict[str, Any]:
        """Everything it knows, as JSON."""
        kept = asdict(self)
        season = kept["season"]
        for name in ("times", "values", "differences"):
            season[name] = list(season[name])
        return {**kept, "recent": list(self.recent), "latest": self.latest if self.rows else None}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """The detector that `state` was taken from."""
        made = cls()
        for name in ("rows", "greatest", "alarmed", "strange"):
            setattr(made, name, state[name])
        made.latest = -math.inf if state["latest"] is None else state["latest"]
        made.recent.extend(state["recent"])
        made.tails = [Tail(**tail) for tail in state["tails"]]
        made.record = Record(**state["record"])
        made.season = _season(state["season"])
        return made


def _season(kept: dict[str, Any]) -> Season:
    return Season(
        times=deque(kept["times"]),
        values=deque(kept["values"]),
        yesterday=tuple(kept["yesterday"]) if kept["yesterday"] else None,
        differences=deque(kept["differences"], maxlen=SMOOTH),
    )
