"""How far a column moved, from 0 to 1, with a 95 % interval: what decides between act and watch.

Numbers: D, the largest distance between the two distribution functions (Kolmogorov-Smirnov), its
interval from the Dvoretzky-Kiefer-Wolfowitz band (Massart 1990). Categories: total variation, the
largest difference of the share of any set of them; its interval from McDiarmid 1989. Missing
values: the difference of the shares, its interval from Hoeffding 1963. The largest one speaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.verdicts.pooled import Pooled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[Any]  # of figures or of marks
else:
    np = late("numpy")

SURE = 0.05


@dataclass(frozen=True, slots=True)
class Effect:
    """A distance from 0 to 1 and its 95 % interval."""

    size: float
    interval: tuple[float, float]
    measure: str


def effect(column: Pooled, drawn: int) -> Effect:
    """How far the last `drawn` rows are from those before."""
    rows = len(column.values)
    then, now = column.values[: rows - drawn], column.values[rows - drawn :]
    lost = column.missing
    found = [_of(_apart(lost, drawn), rows - drawn, drawn, "share of missing values")]
    if column.numeric:
        then, now = then[~np.isnan(then)], now[~np.isnan(now)]
        found.append(_of(largest_gap(then, now), len(then), len(now), "Kolmogorov-Smirnov"))
    else:
        then, now = then[then >= 0], now[now >= 0]
        moved = _variation(then, now, len(column.names))
        found.append(_of(moved, len(then), len(now), "total variation"))
    found += [
        _of(_apart(marks, drawn), rows - drawn, drawn, method)
        for method, marks in column.more
        if marks.dtype == bool
    ]
    return max(found, key=lambda each: each.size)


def _of(size: float, then: int, now: int, measure: str) -> Effect:
    if not then or not now:
        return Effect(0.0, (0.0, 1.0), measure)
    half = math.sqrt(math.log(2 / SURE) / 2 * (1 / then + 1 / now))
    return Effect(size, (max(0.0, size - half), min(1.0, size + half)), measure)


def _apart(marks: Floats, drawn: int) -> float:
    return float(abs(marks[: len(marks) - drawn].mean() - marks[len(marks) - drawn :].mean()))


def largest_gap(then: Floats, now: Floats) -> float:
    """The largest distance between two samples' distribution functions."""
    if not len(then) or not len(now):
        return 0.0
    then, now = np.sort(then), np.sort(now)
    grid = np.concatenate([then, now])
    below = np.searchsorted(then, grid, side="right") / len(then)
    return float(np.abs(below - np.searchsorted(now, grid, side="right") / len(now)).max())


def _variation(then: Floats, now: Floats, names: int) -> float:
    if not len(then) or not len(now):
        return 0.0
    counts = [np.bincount(each.astype(int), minlength=names) for each in (then, now)]
    return float(np.abs(counts[0] / len(then) - counts[1] / len(now)).sum() / 2)
