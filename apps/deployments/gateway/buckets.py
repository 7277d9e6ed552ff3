"""Times as counts per bucket: what a gateway can keep of any number of answers."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

LEAST, MOST, COUNT = 0.0002, 60.0, 61
# Upper ends, each 23 % above the one before; a last bucket holds what took longer than MOST.
EDGES: tuple[float, ...] = tuple(
    LEAST * (MOST / LEAST) ** (step / (COUNT - 1)) for step in range(COUNT)
)


def empty() -> list[int]:
    """No answer in any bucket."""
    return [0] * (len(EDGES) + 1)


def bucket(seconds: float) -> int:
    """The bucket of one time."""
    return bisect_left(EDGES, seconds)


def added(rows: Iterable[Sequence[int]]) -> list[int]:
    """The sum of several counts; a row of another length is one of another version, and left out."""
    total = empty()
    for row in rows:
        if len(row) == len(total):
            total = [have + more for have, more in zip(total, row, strict=True)]
    return total


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The time that this share of the answers did not exceed; `None` where there are none."""
    if not (total := sum(counts)):
        return None
    wanted, seen = max(share * total, 1e-9), 0
    for index, count in enumerate(counts):
        if seen + count >= wanted:
            return _inside(index, (wanted - seen) / count)
        seen += count
    return MOST


def _inside(index: int, part: float) -> float:
    """A point of a bucket, as if its times lay evenly on the logarithm."""
    if index >= len(EDGES):
        return MOST
    low = EDGES[index - 1] if index else EDGES[0] / 2
    return low * math.pow(EDGES[index] / low, part)
