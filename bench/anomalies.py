"""How early and how rarely wrongly the detector of anomalies alarms, beside what others published."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from apps.monitoring import anomalies
from bench import Skipped, nab

FOLDER = Path(os.environ.get("LABELLED_SERIES", "../shared/data/series"))
AIM = 70.0
# Whole benchmark, standard profile, as its repository and the authors of ARTime state them.
PUBLISHED = {
    "ARTime": 74.9,
    "Numenta HTM": 70.1,
    "CAD OSE": 69.9,
    "KNN CAD": 58.0,
    "Random Cut Forest": 51.7,
    "Windowed Gaussian": 39.6,
}
THRESHOLDS = [each / 200 for each in range(60, 160)]

Scored = Mapping[str, Sequence[float]]


def main() -> int:
    """Print the figures; how many aims were missed."""
    if not (FOLDER / "windows.json").exists():
        raise Skipped("set LABELLED_SERIES to the folder of the labelled series")
    given = nab.cases(FOLDER)
    began = time.perf_counter()
    scored = {case.name: _score(case) for case in given}
    took = (time.perf_counter() - began) / sum(len(case.values) for case in given)
    found = _at(scored, given, anomalies.THRESHOLD)
    print(f"{'this detector, fixed threshold':<36} {found:5.1f}   aim {AIM}")
    for name, score in PUBLISHED.items():
        print(f"{name + ', published':<36} {score:5.1f}")
    _halves(scored, given)
    print(f"{took * 1e6:.0f} µs a row")
    return int(found <= AIM)


def _score(case: nab.Case) -> list[float]:
    times = [datetime.fromisoformat(each).timestamp() for each in case.times]
    return anomalies.score(times, case.values).values


def _at(scored: Scored, among: Sequence[nab.Case], threshold: float) -> float:
    alarms = {case.name: nab.alarms(scored[case.name], threshold) for case in among}
    return nab.benchmark(alarms, among)


def _halves(scored: Scored, given: Sequence[nab.Case]) -> None:
    """The threshold chosen on every other file, the score on the rest."""
    for chosen, rest in ((given[::2], given[1::2]), (given[1::2], given[::2])):
        best = max(THRESHOLDS, key=lambda each: _at(scored, chosen, each))
        found = _at(scored, rest, best)
        print(f"threshold {best:.3f} of {len(chosen)} files, on the other {len(rest)}: {found:.1f}")
