"""When a model server is left out: after failures in a row, or when it is worse than its siblings.

Time is given, never asked for. Who is left out is advice: where nobody is left, everybody is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(slots=True)
class Breaker:
    """Opens after failures in a row, lets one request try after a pause, closes when one works."""

    most_failures: int = 5
    first_pause: float = 1.0
    longest_pause: float = 30.0
    failures: int = 0
    is_open: bool = False
    trying: bool = False
    pause: float = 0.0
    next_try: float = 0.0

    def allows(self, now: float) -> bool:
        """Whether a request may go through; while it is open, one for each pause."""
        if not self.is_open:
            return True
        if now < self.next_try:
            return False
        self.trying, self.next_try = True, now + self.pause
        return True

    def worked(self) -> None:
        """An answer came."""
        self.failures, self.is_open, self.trying = 0, False, False

    def failed(self, now: float) -> None:
        """None came, or one that says that the server is broken."""
        self.failures += 1
        if not self.is_open and self.failures < self.most_failures:
            return
        if not self.is_open:
            self.is_open, self.pause = True, self.first_pause
        elif self.trying:
            self.trying, self.pause = False, min(self.pause * 2, self.longest_pause)
        else:
            return  # a request of before it opened
        self.next_try = now + self.pause


@dataclass(slots=True)
class Record:
    """What one replica did since the last look."""

    requests: int = 0
    failures: int = 0
    seconds: float = 0.0

    def note(self, seconds: float, *, failed: bool) -> None:
        """One answer, or one that did not come."""
        self.requests += 1
        self.failures += failed
        self.seconds += seconds

    def clear(self) -> None:
        """Begin anew."""
        self.requests, self.failures, self.seconds = 0, 0, 0.0

    @property
    def mean(self) -> float:
        return self.seconds / self.requests if self.requests else 0.0

    @property
    def failing(self) -> float:
        return self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Outliers:
    """Finds replicas that are much slower than their siblings, or fail far more often."""

    least_requests: int = 20
    times_slower: float = 3.0
    least_seconds: float = 0.01  # a difference below it harms nobody
    least_failing: float = 0.2
    seconds: float = 5.0  # how long one is left out; each time in a row longer

    def among(self, records: Sequence[Record]) -> list[int]:
        """The places of those to leave out: at most half of them, never all."""
        known = [index for index, each in enumerate(records) if each.requests]
        found = [
            index
            for index in known
            if records[index].requests >= self.least_requests
            and self._is_worse(records[index], [records[i] for i in known if i != index])
        ]
        worst = sorted(found, key=lambda index: (-records[index].failing, -records[index].mean))
        return sorted(worst[: len(records) // 2])

    def _is_worse(self, one: Record, others: list[Record]) -> bool:
        if not others:
            return False
        usual, failing = median(o.mean for o in others), median(o.failing for o in others)
        slower = one.mean > usual * self.times_slower and one.mean > usual + self.least_seconds
        return slower or one.failing > max(failing * 2, self.least_failing)
