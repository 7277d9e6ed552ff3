"""How much of an error budget is left, and how fast it burns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, Sum

from apps.monitoring.models import Severity, Slo, SloBucket

FEWEST = 10  # requests in the long window, below which a burn rate is no news


@dataclass(frozen=True, slots=True)
class Speed:
    """Burning `factor` times as fast as the budget allows, both lately and just now."""

    name: str
    factor: float
    long: timedelta
    short: timedelta
    severity: Severity


# Google, The Site Reliability Workbook, chapter 5, table 5-8.
SPEEDS = (
    Speed("fast", 14.4, timedelta(hours=1), timedelta(minutes=5), Severity.CRITICAL),
    Speed("medium", 6.0, timedelta(hours=6), timedelta(minutes=30), Severity.CRITICAL),
    Speed("slow", 1.0, timedelta(days=3), timedelta(hours=6), Severity.WARNING),
)
LENGTHS = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "3d": timedelta(days=3),
}
NAMES = {length: name for name, length in LENGTHS.items()}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Good and all of a stretch of time."""

    good: float
    all: float

    def bad_share(self) -> float | None:
        """The share that was not good; None where nothing happened."""
        return 1 - self.good / self.all if self.all else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an objective stands: its stretches by name, `whole` its window."""

    objective: float
    whole: Stretch
    stretches: Mapping[str, Stretch]

    def rate(self, length: timedelta) -> float | None:
        """Times as fast as the budget allows: the share of bad ÷ (1 - objective)."""
        share = self.stretches[NAMES[length]].bad_share()
        return None if share is None else share / (1 - self.objective)

    @property
    def rates(self) -> dict[str, float | None]:
        return {name: self.rate(length) for name, length in LENGTHS.items()}

    @property
    def budget_left(self) -> float | None:
        """1 - bad ÷ (all x (1 - objective)) of the window; below 0 where it is overspent."""
        share = self.whole.bad_share()
        return None if share is None else 1 - share / (1 - self.objective)

    def burns(self, speed: Speed, fewest: int) -> bool:
        """Whether both windows burn at the speed, and enough happened to say so."""
        long, short = self.rate(speed.long), self.rate(speed.short)
        if long is None or short is None or self.stretches[NAMES[speed.long]].all < fewest:
            return False
        return _reaches(long, speed.factor) and _reaches(short, speed.factor)

    def calm(self, speed: Speed) -> bool:
        """Whether it is over: just now it burns slower, or nothing is left of it in the long window."""
        short, long = self.rate(speed.short), self.rate(speed.long)
        if short is not None:
            return not _reaches(short, speed.factor)
        return long is None or not _reaches(long, speed.factor)


def _reaches(rate: float, factor: float) -> bool:
    return rate >= factor * (1 - 1e-9)


def standing(slo: Slo, now: datetime) -> Standing:
    """The sums up to the minute that `now` lies in, in one query."""
    window = timedelta(days=slo.window_days)
    asked: dict[str, Any] = {}
    for name, length in {**LENGTHS, "whole": window}.items():
        inside = Q(starts_at__gte=now - length)
        asked[f"good_{name}"] = Sum("good", filter=inside, default=0.0)
        asked[f"all_{name}"] = Sum("all", filter=inside, default=0.0)
    since = now - max(window, *LENGTHS.values())
    found = SloBucket.objects.filter(slo=slo, starts_at__gte=since, starts_at__lt=now)
    sums = found.aggregate(**asked)
    parts = {n: Stretch(sums[f"good_{n}"], sums[f"all_{n}"]) for n in (*LENGTHS, "whole")}
    return Standing(slo.objective, parts.pop("whole"), parts)
