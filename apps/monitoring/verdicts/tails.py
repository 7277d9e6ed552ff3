"""Tail probabilities as surprises, that is -ln p, so that the far tails keep their order.

Normal: the complementary error function's rational Chebyshev fit (Press et al., Numerical Recipes,
`erfcc`), relative error below 1.2e-7 everywhere. Counts: the exact hypergeometric distribution
(Fisher 1935), two-sided as twice the smaller tail.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apps.core.late import late

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Integers = NDArray[np.int64]
else:
    np = late("numpy")

_ERFC = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807,
    -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
)  # fmt: skip


def normal_surprise(z: Floats) -> Floats:
    """-ln P(|Z| >= |z|) of a standard normal Z."""
    x = np.abs(z) / math.sqrt(2)
    t = 1 / (1 + 0.5 * x)
    fit = np.full_like(t, _ERFC[0])
    for coefficient in _ERFC[1:]:
        fit = fit * t + coefficient
    return x * x - fit - np.log(t)


def log_factorials(most: int) -> Floats:
    """ln k! for k = 0 … most."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1, dtype=np.float64)))])


def count_surprise(marked: int, drawn: int, rows: int, logs: Floats) -> Floats:
    """-ln p of each count of marked rows among `drawn` of `rows`; of impossible counts too."""
    counts = np.arange(marked + 1)
    fits = (drawn - counts >= 0) & (rows - marked >= drawn - counts)
    k = counts[fits]
    chance = (
        logs[marked] - logs[k] - logs[marked - k]
        + logs[rows - marked] - logs[drawn - k] - logs[rows - marked - drawn + k]
        - logs[rows] + logs[drawn] + logs[rows - drawn]
    )  # fmt: skip
    share = np.exp(chance)
    below, above = np.cumsum(share), np.cumsum(share[::-1])[::-1]
    found = np.zeros(marked + 1)
    smaller = np.maximum(np.minimum(below, above), np.exp(np.maximum(chance, -700)))
    found[fits] = -np.log(np.minimum(1.0, 2 * smaller))
    return found
