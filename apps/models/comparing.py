"""Runs side by side: what differs, and a line for each run across parallel axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from apps.models.models import Run

MOST_RUNS = 20
MOST_AXES = 10
MOST_ROWS = 200
STEP, TOP, HEIGHT = 130, 40, 220


@dataclass(frozen=True, slots=True)
class Line:
    """One param or metric across the runs; `None` where a run has none."""

    key: str
    values: list[Any]

    @property
    def differs(self) -> bool:
        return any(value != self.values[0] for value in self.values)


@dataclass(frozen=True, slots=True)
class Axis:
    """One vertical of the picture: its name, its ends in words, and where each run crosses it."""

    label: str
    x: int
    low: str
    high: str
    heights: list[float | None]


@dataclass(frozen=True, slots=True)
class Parallel:
    """The picture: axes, and for each run the pieces of its line."""

    width: int
    axes: list[Axis]
    lines: list[tuple[Run, list[str]]]


def params(runs: Sequence[Run]) -> list[Line]:
    """Every param, those that differ first."""
    return _lines([run.params for run in runs])


def metrics(runs: Sequence[Run]) -> list[Line]:
    """Every metric's last value, those that differ first."""
    return _lines([run.metrics for run in runs])


def parallel(runs: Sequence[Run]) -> Parallel | None:
    """What differs between the runs as parallel coordinates; `None` where too little does."""
    differing = [line for line in (*params(runs), *metrics(runs)) if line.differs]
    chosen = [line for line in differing if sum(each is not None for each in line.values) > 1]
    if len(chosen) < 2:
        return None
    # Params lead, metrics follow: what was chosen on the left, what came of it on the right.
    half = MOST_AXES // 2
    causes = [line for line in chosen if any(line.key in run.params for run in runs)]
    effects = [line for line in chosen if line not in causes]
    shown = causes[: max(half, MOST_AXES - len(effects))]
    shown += effects[: MOST_AXES - len(shown)]
    axes = [_axis(line, number) for number, line in enumerate(shown)]
    lines = [(run, _pieces(axes, at)) for at, run in enumerate(runs)]
    return Parallel(STEP * len(axes), axes, lines)


def _lines(logged: Sequence[dict[str, Any]]) -> list[Line]:
    keys = sorted({key for each in logged for key in each})
    lines = [Line(key, [each.get(key) for each in logged]) for key in keys]
    return sorted(lines, key=lambda line: not line.differs)[:MOST_ROWS]


def _axis(line: Line, number: int) -> Axis:
    numbers = [_number(value) for value in line.values]
    if numbers.count(None) == line.values.count(None):
        low, high = _ends(numbers)
        places = [None if each is None else (each - low) / (high - low) for each in numbers]
        words = (f"{low:.4g}", f"{high:.4g}")
    else:
        names = sorted({str(value) for value in line.values if value is not None})
        of = {name: at / max(1, len(names) - 1) for at, name in enumerate(names)}
        places = [None if value is None else of[str(value)] for value in line.values]
        words = (names[0], names[-1])
    heights = [None if each is None else round(TOP + HEIGHT * (1 - each), 1) for each in places]
    return Axis(line.key, STEP // 2 + STEP * number, *words, heights)


def _ends(numbers: Iterable[float | None]) -> tuple[float, float]:
    known = [each for each in numbers if each is not None]
    low, high = min(known), max(known)
    return (low, high) if high > low else (low, low + 1)


def _number(value: Any) -> float | None:
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if isfinite(read) else None


def _pieces(axes: list[Axis], at: int) -> list[str]:
    """The points of a run's line; it is broken where the run has no value."""
    pieces: list[list[str]] = [[]]
    for axis in axes:
        height = axis.heights[at]
        if height is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{axis.x},{height}")
    return [" ".join(piece) for piece in pieces if piece]
