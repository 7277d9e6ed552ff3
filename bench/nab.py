"""The rules of the Numenta Anomaly Benchmark, standard profile (Lavin and Ahmad, ICMLA 2015)."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FALSE_ALARM = 0.11
PROBATION = 0.15
PROBATION_ROWS = 5000


@dataclass(frozen=True)
class Case:
    """One file: what an alarm in each row is worth, and in which window the row lies."""

    name: str
    times: list[str]
    values: list[float]
    windows: list[tuple[int, int]]

    @property
    def probation(self) -> int:
        """Rows at the start that count neither way."""
        return math.floor(PROBATION * min(len(self.times), PROBATION_ROWS))

    def points(self, alarms: Sequence[int]) -> float:
        """1 for each window at its first row, less towards its end, -1 if missed; less for false ones."""
        counted = [row for row in alarms if row >= self.probation]
        found = sum(self._window(window, counted) for window in self.judged)
        inside = [row for a, b in self.windows for row in counted if a <= row <= b]
        return found + sum(FALSE_ALARM * self._false(row) for row in counted if row not in inside)

    @property
    def judged(self) -> list[tuple[int, int]]:
        return [window for window in self.windows if window[1] >= self.probation]

    def _window(self, window: tuple[int, int], alarms: Sequence[int]) -> float:
        first = next((row for row in alarms if window[0] <= row <= window[1]), None)
        if first is None:
            return -1.0
        length = window[1] - window[0] + 1
        return _sigmoid(-(window[1] - first + 1) / length) / _sigmoid(-1.0)

    def _false(self, row: int) -> float:
        before = [window for window in self.windows if window[1] < row]
        if not before:
            return -1.0
        start, end = before[-1]
        far = (row - end) / max(1, end - start)
        return -1.0 if far > 3 else _sigmoid(far)


def _sigmoid(x: float) -> float:
    return 2 / (1 + math.exp(5 * x)) - 1


def cases(folder: Path) -> list[Case]:
    """The files of a folder with `windows.json` and `data/`."""
    labels: Mapping[str, list[list[str]]] = json.loads((folder / "windows.json").read_text())
    return [_case(folder / "data" / name, name, windows) for name, windows in labels.items()]


def _case(path: Path, name: str, windows: Sequence[Sequence[str]]) -> Case:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    times = [row["timestamp"] for row in rows]
    place = {time[:19]: row for row, time in reversed(list(enumerate(times)))}
    inside = [(place[start[:19]], place[end[:19]]) for start, end in windows]
    return Case(name, times, [float(row["value"]) for row in rows], inside)


def benchmark(judged: Mapping[str, Sequence[int]], among: Sequence[Case]) -> float:
    """The score: 100 for every window at its first row and no false alarm, 0 for no alarm at all."""
    total = sum(case.points(judged[case.name]) for case in among)
    nothing = -sum(len(case.judged) for case in among)
    most = sum(len(case.windows) for case in among)
    return 100 * (total - nothing) / (most - nothing)


def alarms(scores: Sequence[float], threshold: float) -> list[int]:
    """The rows that reach the threshold."""
    return [row for row, score in enumerate(scores) if score >= threshold]
