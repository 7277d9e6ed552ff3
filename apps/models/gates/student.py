"""Student's t distribution, without a library that takes a second to import."""

from __future__ import annotations

import math

MOST_STEPS = 400
PRECISION = 1e-14
TINY = 1e-300


def upper_tail(t: float, df: float) -> float:
    """The probability of a value above `t` under `df` degrees of freedom.

    For t ≥ 0 it is half of the regularised incomplete beta function I_x(df/2, 1/2) at
    x = df / (df + t²) (Abramowitz and Stegun, 26.7.1).
    """
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    half = _beta(df / (df + t * t), df / 2, 0.5) / 2
    return half if t >= 0 else 1 - half


def quantile(confidence: float, df: float) -> float:
    """The value that is exceeded with probability 1 - confidence; by halving an interval."""
    low, high = 0.0, 1.0
    while upper_tail(high, df) > 1 - confidence:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if upper_tail(middle, df) > 1 - confidence else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """I_x(a, b), by its continued fraction on the side where that converges fast."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    upper, lower = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = lower
    for m in range(1, MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            lower = 1 / _away(1 + step * lower)
            upper = _away(1 + step / upper)
            value *= lower * upper
        if abs(lower * upper - 1) < PRECISION:
            break
    return value


def _away(value: float) -> float:
    """Not quite zero, so that it can divide."""
    return value if abs(value) > TINY else TINY
