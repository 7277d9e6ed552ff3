"""The same question asked of profiles alone, where no sample of rows was kept.

Numeric columns: D, the largest distance between the two distribution functions (Kolmogorov-
Smirnov), with P(D > d) <= e exp(-2 N d^2), N = n m / (n + m) (Wei and Dudley 2012; proved for n =
m, and held in simulation for n != m). Categorical columns: the total variation distance, that is
the largest difference over all sets of categories, each bounded by Hoeffding 1963: P <= 2^k
exp(-2 N d^2). Missing values: the difference of the shares, P <= 2 exp(-2 N d^2). The p-values
are upper bounds that assume nothing about the distributions, so the rate of false alarms is held
whatever the data look like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from apps.core.late import late
from apps.monitoring.levels import Level
from apps.monitoring.profiling.profiles import MOST_POINTS, Profile, Type

np = late("numpy")

FALSE_ALARMS = 0.01  # per report and year of checks
LOOKS = 8760  # hourly checks of a year: what the rate is shared over
SMALLEST_EFFECT = 0.1  # below this a shift is real but does not matter
WATCH_P = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """One column compared: `effect` and `interval` are distances from 0 to 1."""

    name: str
    type: str
    level: Level
    effect: float
    interval: tuple[float, float]
    p_value: float
    method: str
    rows: tuple[int, int]


def compare(baseline: Sequence[Profile], window: Sequence[Profile]) -> list[Finding]:
    """Compare the columns that both have, the most moved first."""
    now = {profile.name: profile for profile in window}
    pairs = [(then, now[then.name]) for then in baseline if then.name in now]
    # Shared over the columns and a year of looks (Bonferroni): no column, and no look, is free.
    alpha = FALSE_ALARMS / LOOKS / max(1, len(pairs))
    found = [_compare(then, present, alpha) for then, present in pairs]
    return sorted(found, key=lambda finding: -finding.effect)


def _compare(then: Profile, now: Profile, alpha: float) -> Finding:
    moved, log_factor, method = _distance(then, now)
    size = _harmonic(then.present, now.present)
    gaps = abs(_share(then) - _share(now))
    gap_size = _harmonic(then.rows, now.rows)
    # The column speaks by the louder of its two tests, at twice the price.
    p_values = (_bound(moved, size, log_factor), _bound(gaps, gap_size, math.log(2)))
    loudest = 0 if p_values[0] <= p_values[1] else 1
    effect = (moved, gaps)[loudest]
    p_value = min(1.0, 2 * p_values[loudest])
    half = _half_width((size, gap_size)[loudest], (log_factor, math.log(2))[loudest], alpha / 2)
    interval = (max(0.0, effect - half), min(1.0, effect + half))
    level = _level(interval, effect, p_value, alpha)
    rows = (then.rows, now.rows)
    said = (method, "share of missing values, Hoeffding")[loudest]
    return Finding(now.name, then.type.value, level, effect, interval, p_value, said, rows)


def _level(interval: tuple[float, float], effect: float, p_value: float, alpha: float) -> Level:
    if p_value <= alpha and effect >= SMALLEST_EFFECT:
        return Level.ACT
    if interval[1] - effect > 0.5 and interval[1] >= 1.0:
        return Level.TOO_FEW
    return Level.WATCH if p_value <= WATCH_P and effect >= SMALLEST_EFFECT / 2 else Level.IGNORE


def _distance(then: Profile, now: Profile) -> tuple[float, float, str]:
    """The distance, the logarithm of its bound's factor, and the method's name."""
    if then.type == Type.NUMERIC:
        return _numeric(then.points, now.points), 1.0, "Kolmogorov-Smirnov"
    names = set(then.counts) | set(now.counts)
    return _categorical(then, now), len(names) * math.log(2), "total variation"


def _numeric(then: Sequence[float], now: Sequence[float]) -> float:
    if not then or not now:
        return 0.0
    first, second = np.asarray(then), np.asarray(now)
    grid = np.concatenate([first, second])
    below = np.searchsorted(first, grid, side="right") / len(first)
    below_now = np.searchsorted(second, grid, side="right") / len(second)
    # A sketch of quantiles is off by at most one step.
    off = sum(1 / MOST_POINTS for points in (then, now) if len(points) == MOST_POINTS)
    return max(0.0, float(np.abs(below - below_now).max()) - off)


def _categorical(then: Profile, now: Profile) -> float:
    if not then.present or not now.present:
        return 0.0
    names = set(then.counts) | set(now.counts)
    shares = (
        abs(then.counts.get(name, 0) / then.present - now.counts.get(name, 0) / now.present)
        for name in names
    )
    return sum(shares) / 2


def _share(profile: Profile) -> float:
    return profile.missing / profile.rows if profile.rows else 0.0


def _harmonic(first: int, second: int) -> float:
    return first * second / (first + second) if first + second else 0.0


def _bound(distance: float, size: float, log_factor: float) -> float:
    return math.exp(min(0.0, log_factor - 2 * size * distance**2))


def _half_width(size: float, log_factor: float, alpha: float) -> float:
    if not size:
        return 1.0
    return min(1.0, math.sqrt((log_factor - math.log(alpha)) / (2 * size)))
