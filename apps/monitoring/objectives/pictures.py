"""How an objective is shown: its budget over the window, its burn rates beside their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.ui.charts import Chart, Series, Threshold
from apps.monitoring.models import Slo
from apps.monitoring.objectives.burning import NAMES, SPEEDS, Speed

Hours = Sequence[tuple[datetime, float, float]]


@dataclass(frozen=True, slots=True)
class Burn:
    """One line of the table of burn rates; rates are None where nothing happened."""

    speed: Speed
    long: str
    short: str
    long_rate: float | None
    short_rate: float | None

    @property
    def too_fast(self) -> bool:
        """Whether both windows burn at the speed."""
        rates = (self.long_rate, self.short_rate)
        return all(rate is not None and rate >= self.speed.factor for rate in rates)


def burns(slo: Slo) -> list[Burn]:
    """The burn rates as they were counted last."""
    rates = slo.burn_rates
    return [
        Burn(
            speed,
            NAMES[speed.long],
            NAMES[speed.short],
            rates.get(NAMES[speed.long]),
            rates.get(NAMES[speed.short]),
        )
        for speed in SPEEDS
    ]


def budget(slo: Slo, hours: Hours) -> Chart:
    """What was left of the window's budget after each hour, in per cent of it."""
    allowed = sum(every for _, _, every in hours) * (1 - slo.objective)
    spent, left = 0.0, []
    for _, good, every in hours:
        spent += every - good
        left.append(100 * (1 - spent / allowed) if allowed else None)
    return Chart(
        "Error budget left",
        [at.timestamp() for at, _, _ in hours],
        [Series("left", left)],
        unit="%",
        thresholds=[Threshold("spent", 0.0)],
    )


def good_share(slo: Slo, hours: Hours) -> Chart:
    """The share that was good in each hour, beside what is promised."""
    shares = [100 * good / every if every else None for _, good, every in hours]
    return Chart(
        "Good",
        [at.timestamp() for at, _, _ in hours],
        [Series("good", shares)],
        unit="%",
        thresholds=[Threshold("objective", slo.objective * 100)],
    )
