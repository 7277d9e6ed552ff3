"""How unusual a deviation is among the deviations before it."""

from __future__ import annotations

from dataclasses import dataclass, field

WARM = 100  # deviations until the tail is known
BEYOND = 0.02  # the share of deviations that lies beyond the tail's start
STEP = 0.15  # how fast the start follows, in mean excesses
FORGET = 0.02  # weight of the newest excess in their mean
WARM_RECORD = 50
HALF = 3000  # deviations until a record counts half
LEAST = 1e-12


@dataclass(slots=True)
class Tail:
    """The excess over a high quantile, in mean excesses: the exponent of its tail probability.

    Peaks over threshold with an exponential tail, as SPOT has it (Siffer et al., KDD 2017); the
    quantile follows by stochastic approximation (Robbins and Monro, 1951) instead of a refit.
    """

    first: list[float] = field(default_factory=list)
    start: float = 0.0
    excess: float = 0.0

    def surprise(self, deviation: float, floor: float) -> float:
        """0 below the tail; 1 is the usual excess. `floor` is what numbers of that size round to."""
        if len(self.first) < WARM:
            self._warm(deviation)
            return 0.0
        over = deviation - self.start
        if over <= 0:
            self.start -= STEP * self.excess * BEYOND
            return 0.0
        usual = max(self.excess, floor)
        self.excess += FORGET * (min(over, 10 * usual) - self.excess)
        self.start += STEP * self.excess * (1 - BEYOND)
        return over / usual

    def _warm(self, deviation: float) -> None:
        self.first.append(deviation)
        if len(self.first) == WARM:
            ordered = sorted(self.first)
            self.start = ordered[int((1 - BEYOND) * WARM)]
            over = sum(max(0.0, each - self.start) for each in ordered) / (BEYOND * WARM)
            self.excess = max(over, 1e-6 * ordered[-1], LEAST)
            self.first = [0.0] * WARM


@dataclass(slots=True)
class Record:
    """A deviation as a share of the greatest one so far, which fades: 1 breaks the record."""

    seen: int = 0
    greatest: float = 0.0

    def surprise(self, deviation: float, floor: float) -> float:
        """0 until enough was seen to speak of a record."""
        self.seen += 1
        known = self.seen > WARM_RECORD
        share = deviation / max(self.greatest, floor) if known and deviation > floor else 0.0
        self.greatest = max(self.greatest * 0.5 ** (1 / HALF), deviation)
        return share
