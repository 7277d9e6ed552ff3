"""Whether any question's answer differs between the windows: one exact test over all of them.

Each question's difference becomes a surprise (-ln p: hypergeometric where it is a count, normal
with the permutation variance otherwise), less the price of its share of the rate. The largest is
compared with the largest of random divisions of the same rows (Westfall and Young 1993, single
step). That holds the report's rate exactly, whatever the questions' dependence, and each column's
p-value is adjusted for all the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.verdicts import tails
from apps.monitoring.verdicts.features import Feature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[Any]  # of figures or of marks
else:
    np = late("numpy")

DIVISIONS = 999
BLOCK = 111
ENOUGH = 40  # larger ones, after which p is known to be too large to matter (Besag, Clifford 1991)
FEW = 250  # up to so many marked rows a count has its exact distribution


@dataclass(frozen=True, slots=True)
class Surprises:
    """Of each question -ln p + ln share, as seen; and the largest of each random division."""

    seen: Floats
    largest: Floats

    def adjusted(self, value: float) -> float:
        """The p-value of one surprise, adjusted for all questions."""
        return float((1 + np.count_nonzero(self.largest >= value - 1e-6)) / (1 + len(self.largest)))


class Questions:
    """Questions as one matrix, so that a division of the rows is one product."""

    def __init__(self, features: Sequence[Feature], shares: Floats, drawn: int) -> None:
        self.rows, self.drawn = len(features[0].scores), drawn
        self.prices = np.log(shares)
        self.is_count = np.array([feature.scores.dtype == bool for feature in features])
        # A question to a line: filled and summed in the order it lies in memory.
        self.matrix = np.empty((len(features), self.rows), dtype=np.float32)
        for at, feature in enumerate(features):
            self.matrix[at] = feature.scores
        self._centre()
        self._tables()

    def _centre(self) -> None:
        marked = self.matrix.sum(axis=1, dtype=np.float64)
        often = self.is_count & (marked > self.rows / 2)
        for at in np.flatnonzero(often):
            np.subtract(1, self.matrix[at], out=self.matrix[at])
        self.marked = np.where(often, self.rows - marked, marked)
        self.is_few = self.is_count & (self.marked <= FEW)
        mean = self.marked / self.rows
        square = self.marked - self.rows * mean**2
        for at in np.flatnonzero(~self.is_count):
            self.matrix[at] -= mean[at]
            square[at] = self.matrix[at] @ self.matrix[at]
        self.expected = np.where(self.is_count, mean * self.drawn, 0.0)
        factor = self.drawn * (self.rows - self.drawn) / self.rows / max(1, self.rows - 1)
        self.deviation = np.sqrt(np.maximum(square * factor, 1e-300))

    def _tables(self) -> None:
        logs = tails.log_factorials(self.rows)
        known: dict[int, Floats] = {}
        tables, self.starts, end = [], np.zeros(len(self.marked), dtype=np.int64), 0
        for at in np.flatnonzero(self.is_few):
            marked = int(round(self.marked[at]))
            if marked not in known:
                known[marked] = tails.count_surprise(marked, self.drawn, self.rows, logs)
            tables.append(known[marked])
            self.starts[at], end = end, end + marked + 1
        self.table = np.concatenate(tables) if tables else np.zeros(1)

    def surprises(self, sums: Floats) -> Floats:
        """Of each division (a row of `sums`) and question -ln p + ln share."""
        found = tails.normal_surprise((sums - self.expected) / self.deviation)
        few = self.is_few
        counts = np.rint(sums[:, few]).astype(np.int64)
        found[:, few] = self.table[self.starts[few] + counts]
        return found + self.prices


def divide(questions: Questions, *, seed: int = 0, divisions: int = DIVISIONS) -> Surprises:
    """Compare the division seen (the last `drawn` rows) with random ones."""
    rows, drawn = questions.rows, questions.drawn
    seen = questions.matrix[:, rows - drawn :].sum(axis=1, dtype=np.float64)[None, :]
    surprise = questions.surprises(seen)[0]
    generator = np.random.default_rng(seed)
    largest: list[Floats] = [np.empty(0)]
    while sum(map(len, largest)) < divisions:
        block = min(BLOCK, divisions - sum(map(len, largest)))
        chosen = np.zeros((block, rows), dtype=np.float32)
        for line in chosen:
            line[generator.permutation(rows)[:drawn]] = 1
        largest.append(questions.surprises(chosen @ questions.matrix.T).max(axis=1))
        if sum(np.count_nonzero(each >= surprise.max()) for each in largest) >= ENOUGH:
            break
    return Surprises(surprise, np.concatenate(largest))
