"""What a fault does to the rows that arrive: plain functions on plain rows, read and tested alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from apps.demo.choices import Fault

SHIFTED_SHARE = 0.8  # as the retraining script draws them
UNIT = 10.0  # millimetres told as centimetres, the other way round


@dataclass(frozen=True, slots=True)
class Rows:
    """Held-out rows with their truth; `shifted` are the places of the sub-population."""

    columns: Sequence[str]
    rows: Sequence[Sequence[float]]
    truth: Sequence[float]
    shifted: Sequence[int]


def choose(rows: Rows, *, start: int, count: int, is_shifted: bool) -> list[int]:
    """Which rows come next: all in turn, in an order that changes each round; or mostly the sub-population."""
    if is_shifted:
        return _mostly_shifted(rows, start, count)
    size = len(rows.rows)
    chosen = []
    for place in range(start, start + count):
        order = list(range(size))
        random.Random(place // size).shuffle(order)  # noqa: S311  an order, no secret
        chosen.append(order[place % size])
    return chosen


def _mostly_shifted(rows: Rows, start: int, count: int) -> list[int]:
    dice = random.Random(start)  # noqa: S311  a draw, no secret
    others = sorted(set(range(len(rows.rows))) - set(rows.shifted))
    return [
        dice.choice(rows.shifted if dice.random() < SHIFTED_SHARE else others) for _ in range(count)
    ]


def distort(
    fault: str, values: Sequence[Sequence[float]], *, columns: Sequence[str], column: str
) -> list[list[float]]:
    """The rows as they arrive from a source that is broken in this way."""
    place = list(columns).index(column)
    told = [list(row) for row in values]
    for row in told:
        if fault == Fault.UNITS:
            row[place] *= UNIT
        if fault == Fault.BROKEN:
            row[place] = 0.0
    return told
