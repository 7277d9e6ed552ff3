"""A whole series at once: the scores, and the stretches that stood out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.monitoring.anomalies.detector import ALARM, THRESHOLD, Detector

JOIN = 10  # rows that may pass inside of a span


@dataclass(slots=True)
class Span:
    """A stretch that stood out: rows `start` to `end`, both included, and its greatest score."""

    start: int
    end: int
    score: float


@dataclass(slots=True)
class Scores:
    """One score for each row, in its order, and the spans; at `threshold` a row alarms."""

    values: list[float] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    threshold: float = THRESHOLD

    def take(self, value: float, strange: float) -> None:
        """Add the next row; a span goes on while rows stay strange, without a new alarm."""
        row = len(self.values)
        self.values.append(value)
        if value >= self.threshold:
            self.spans.append(Span(row, row, value))
        elif self.spans and strange >= ALARM and row - self.spans[-1].end <= JOIN:
            self.spans[-1].end = row
            self.spans[-1].score = max(self.spans[-1].score, strange / (1 + strange))


def score(
    times: Sequence[float], values: Iterable[float | None], detector: Detector | None = None
) -> Scores:
    """The scores of a series; a score depends on no later row.

    `times` in seconds, as many as values. A detector that was given goes on from what it knows.
    """
    judge = Detector() if detector is None else detector
    found = Scores()
    for at, value in zip(times, values, strict=True):
        found.take(judge.add(at, value), judge.strange)
    return found
