"""Intervals that hold for every look of a year, and the level that follows from one.

A monitor that looks every minute looks 525,600 times a year. The rate of false alarms is promised per year,
so each look may spend only its part of it (Bonferroni). At such small error rates the normal approximation
is wrong for shares; they get the bound of Chernoff and Hoeffding, which holds for every number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from apps.monitoring.levels import Level

FALSE_ALARMS = 0.01  # per monitor and year
YEAR_SECONDS = 365 * 86_400
WATCH = 0.05  # the error rate of one look alone
STEPS = 60  # halvings of an interval of length 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval. `bounds` gives the interval for another error rate."""

    value: float
    rows: int
    bounds: Callable[[float], tuple[float, float]]


def alpha(every_seconds: int, tests: int = 1) -> float:
    """The error rate of one test of one look."""
    looks = max(1.0, YEAR_SECONDS / max(1, every_seconds))
    return FALSE_ALARMS / looks / max(1, tests)


def share(hits: float, rows: int) -> Estimate:
    """A share, or the mean of figures between 0 and 1, of independent rows.

    All p with `n KL(hits/n, p) <= ln(2/alpha)` (Chernoff 1952; Hoeffding 1963, theorem 1).
    """
    value = hits / rows if rows else 0.0

    def bounds(error: float) -> tuple[float, float]:
        most = math.log(2 / error) / rows if rows else math.inf
        return _edge(value, 0.0, most), _edge(value, 1.0, most)

    return Estimate(value, rows, bounds)


def _edge(value: float, end: float, most: float) -> float:
    """The p between `value` and `end` whose divergence from `value` is `most`."""
    near, far = value, end
    if _divergence(value, end) <= most:
        return end
    for _ in range(STEPS):
        middle = (near + far) / 2
        if _divergence(value, middle) <= most:
            near = middle
        else:
            far = middle
    return far


def _divergence(p: float, q: float) -> float:
    total = 0.0
    for a, b in ((p, q), (1 - p, 1 - q)):
        if a > 0:
            total += math.inf if b <= 0 else a * math.log(a / b)
    return total


def mean(values: Any) -> Estimate:
    """The mean of unbounded figures, by the central limit theorem: `mean ± z s / √n`."""
    rows = len(values)
    middle = float(values.mean()) if rows else 0.0
    spread = float(values.std(ddof=1)) / math.sqrt(rows) if rows > 1 else math.inf
    return normal(middle, spread, rows)


def normal(value: float, spread: float, rows: int) -> Estimate:
    """A figure with a standard error: `value ± z · spread`."""

    def bounds(error: float) -> tuple[float, float]:
        half = -NormalDist().inv_cdf(error / 2) * spread
        return value - half, value + half

    return Estimate(value, rows, bounds)


def through(estimate: Estimate, shape: Callable[[float], float]) -> Estimate:
    """A monotone function of a figure, and of its interval."""

    def bounds(error: float) -> tuple[float, float]:
        low, high = sorted(shape(end) for end in estimate.bounds(error))
        return low, high

    return Estimate(shape(estimate.value), estimate.rows, bounds)


def gap(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two independent figures; each has half of the error rate."""

    def bounds(error: float) -> tuple[float, float]:
        (low, high), (other_low, other_high) = first.bounds(error / 2), second.bounds(error / 2)
        return low - other_high, high - other_low

    return Estimate(first.value - second.value, min(first.rows, second.rows), bounds)


def rate(count: int, expected: float) -> Estimate:
    """A count of a Poisson process over what was expected: `m - n + n ln(n/m) <= ln(2/alpha)`.

    Chernoff's bound for Poisson counts (Mitzenmacher and Upfal 2005, theorem 5.4).
    """

    def bounds(error: float) -> tuple[float, float]:
        most = math.log(2 / error)
        return _poisson(count, most, 0.0) / expected, _poisson(count, most, 1.0) / expected

    return Estimate(count / expected, count, bounds)


def _poisson(count: int, most: float, side: float) -> float:
    near = float(count)
    far = 0.0 if not side else count + most + 2 * math.sqrt(most * max(count, 1)) + most
    for _ in range(STEPS):
        middle = (near + far) / 2
        distance = middle - count + (count * math.log(count / middle) if count and middle else 0.0)
        if distance <= most and (middle or not count):
            near = middle
        else:
            far = middle
    return far


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure may not pass: `above` says on which side it is bad."""

    value: float
    above: bool
    error: float  # of one test of one look
    method: str
    kind: str = ""  # said beside the name, such as "share"


def finding(name: str, estimate: Estimate, limit: Limit, reason: str = "") -> dict[str, Any]:
    """A figure against its limit, as it is kept: act where its whole interval lies beyond."""
    low, high = estimate.bounds(limit.error)
    return {
        "name": name,
        "type": limit.kind,
        "level": _level(estimate, limit, (low, high)),
        "effect": estimate.value,
        "interval": [_finite(low), _finite(high)],
        "limit": limit.value,
        "method": limit.method,
        "rows": [0, estimate.rows],
        "reason": reason,
    }


def _level(estimate: Estimate, limit: Limit, interval: tuple[float, float]) -> Level:
    if _beyond(interval, limit):
        return Level.ACT
    return Level.WATCH if _beyond(estimate.bounds(WATCH), limit) else Level.IGNORE


def _beyond(interval: tuple[float, float], limit: Limit) -> bool:
    return interval[0] > limit.value if limit.above else interval[1] < limit.value


def too_few(name: str, rows: int, reason: str, kind: str = "") -> dict[str, Any]:
    """A figure that is not guessed, with the reason."""
    return {
        "name": name, "type": kind, "level": Level.TOO_FEW, "effect": None, "interval": [None, None],
        "limit": None, "method": "", "rows": [0, rows], "reason": reason,
    }  # fmt: skip


def plain(
    name: str, value: float, limit: float | None, *, bad: bool, **more: Any
) -> dict[str, Any]:
    """A figure without chance in it, such as an age."""
    return {
        "name": name, "type": "", "level": Level.ACT if bad else Level.IGNORE, "effect": value,
        "interval": [value, value], "limit": limit, "method": "compared as it is",
        "rows": [0, 0], "reason": "", **more,
    }  # fmt: skip


def worst(findings: Sequence[dict[str, Any]]) -> Level:
    """The level of a look, from those of its findings."""
    levels = {found["level"] for found in findings}
    for level in (Level.ACT, Level.WATCH, Level.IGNORE):
        if level in levels:
            return level
    return Level.TOO_FEW


def acting(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an alert says of the findings that need an act."""
    keys = ("name", "effect", "interval")
    return [{key: f[key] for key in keys} for f in findings if f["level"] == Level.ACT]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
