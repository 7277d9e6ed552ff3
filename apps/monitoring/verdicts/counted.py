"""Tests over every row of large windows, from the tallies alone: no sample is asked.

Means: Welch 1947; missing, infinite and category shares: the two-sample z-test. Each p-value is
multiplied by the number of all of them (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from apps.monitoring.profiling.profiles import OTHER
from apps.monitoring.profiling.summaries import Summary
from apps.monitoring.profiling.tallies import Tally

FEWEST = 30  # marked or unmarked rows that the normal approximation needs
Asked = tuple[str, str, float]  # column, method, z


def surprises(then: Summary, now: Summary) -> dict[str, tuple[float, str]]:
    """Of each column the largest -ln p, less the logarithm of the number of tests, and its method."""
    asked = [
        each for name in then.tallies if name in now.tallies for each in _column(name, then, now)
    ]
    found: dict[str, tuple[float, str]] = {}
    for name, method, z in asked:
        surprise = _surprise(z) - math.log(len(asked))
        if surprise > found.get(name, (-math.inf, ""))[0]:
            found[name] = (surprise, method)
    return found


def _column(name: str, then: Summary, now: Summary) -> Iterator[Asked]:
    one, other = then.tallies[name], now.tallies[name]
    rows = (one.rows, other.rows)
    yield from _share(name, "share of missing values, z", (one.missing, other.missing), rows)
    if one.type != other.type:
        return
    yield from _share(name, "share of infinite values, z", (one.infinite, other.infinite), rows)
    yield from _mean(name, one, other)
    present = (one.rows - one.missing, other.rows - other.missing)
    if OTHER in one.counts or OTHER in other.counts:
        return  # what was dropped from one of them cannot be compared; the sample still is
    for label in (one.categories().keys() | other.categories().keys()) - {OTHER}:
        both = (one.counts.get(label, 0), other.counts.get(label, 0))
        yield from _share(name, f"share of {label}, z"[:120], both, present)


def _mean(name: str, one: Tally, other: Tally) -> Iterator[Asked]:
    a, b = one.moments, other.moments
    if a.count < FEWEST or b.count < FEWEST:
        return
    error = a.squares / a.count**2 + b.squares / b.count**2
    if error > 0:
        yield name, "mean (Welch 1947)", (a.mean - b.mean) / math.sqrt(error)


def _share(
    name: str, method: str, marked: tuple[int, int], rows: tuple[int, int]
) -> Iterator[Asked]:
    total, all_rows = sum(marked), sum(rows)
    if min(total, all_rows - total) < FEWEST or not min(rows):
        return
    share = total / all_rows
    error = math.sqrt(share * (1 - share) * (1 / rows[0] + 1 / rows[1]))
    yield name, method, (marked[0] / rows[0] - marked[1] / rows[1]) / error


def _surprise(z: float) -> float:
    tail = math.erfc(abs(z) / math.sqrt(2))
    return -math.log(tail) if tail > 1e-300 else z * z / 2
