"""A year of hourly looks at rows that never change, and whether changed rows are noticed.

`BENCH_YEAR_MONITORS`: how many monitors' years (1); `BENCH_YEAR_LOOKS`: looks of each (8,760);
`BENCH_DRIFT_CASES`: labelled cases, a folder with `manifest.jsonl` and `cases/*.csv.gz` (else their part is left out).
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from apps.monitoring.profiling import Summary, of_table
from apps.monitoring.verdicts.budget import YEARLY, per_look
from apps.monitoring.verdicts.compare import Options, compare

HOURLY = per_look(3600)
BASELINES, LOOKS, CHANGED = 40, 50, 50
AT_ONCE = 146  # looks of one piece of work; a year is sixty of them
CASES = Path(os.environ.get("BENCH_DRIFT_CASES", "../shared/data/drift"))
NOMINAL, POWER = 0.01, 0.80
CHANGES, PARTS = ("shift", "relation", "concept"), (0.25, 0.5, 1.0)
Share = tuple[int, int]  # how many, of how many


def main() -> int:
    """Print the figures; how many aims were missed."""
    with ProcessPoolExecutor() as pool:
        missed = _unchanged(pool) + _year(pool) + _changed(pool)
        if (CASES / "manifest.jsonl").exists():
            return missed + _labelled(pool)
    print(f"no labelled cases in {CASES}")
    return missed


def _unchanged(pool: Executor) -> int:
    """Many baselines: how often the p-value of one look is small."""
    found = [p for each in pool.map(partial(looks, count=LOOKS), range(BASELINES)) for p in each]
    small = {p: sum(each <= p for each in found) / len(found) for p in (0.1, 0.01, 0.001)}
    print(f"{len(found)} looks with {BASELINES} baselines; share with p at most: {small}")
    return sum(share > 1.5 * p + 2 / len(found) for p, share in small.items())


def _year(pool: Executor) -> int:
    """Each monitor looks every hour at rows like those of its one baseline."""
    years = int(os.environ.get("BENCH_YEAR_MONITORS", "1"))
    count = int(os.environ.get("BENCH_YEAR_LOOKS", str(365 * 24)))
    work = [(seed, at) for seed in range(years) for at in range(0, count, AT_ONCE)]
    found = pool.map(partial(_piece, count), work)
    lowest: dict[int, float] = {}
    nominal = 0
    for (seed, _), values in zip(work, found, strict=True):
        lowest[seed] = min([lowest.get(seed, 1.0), *values])
        nominal += sum(p <= NOMINAL for p in values)
    alarmed = sum(p <= HOURLY for p in lowest.values())
    print(f"{years} monitors, {count} looks each at {HOURLY:.2e}: {alarmed} had a false alarm")
    print(
        f"  smallest p-value {min(lowest.values()):.1e}; {nominal / years / count:.4f} of looks at most {NOMINAL}"
    )
    return int(alarmed > YEARLY * years)


def _piece(count: int, work: tuple[int, int]) -> list[float]:
    seed, first = work
    return looks(seed, min(AT_ONCE, count - first), first=first)


def _changed(pool: Executor) -> int:
    """At the rate that a year leaves to one look: how many looks notice what has changed."""
    work = [(change, part) for change in CHANGES for part in PARTS]
    missed = 0
    for (change, part), values in zip(work, pool.map(_looks_at, work), strict=True):
        share = sum(p <= HOURLY for p in values) / len(values)
        print(f"  {change} in {part:.0%} of the rows: {share:.2f} of {len(values)} looks notice it")
        missed += part == 1 and share < POWER
    return missed


def _looks_at(work: tuple[str, float]) -> list[float]:
    change, part = work
    return looks(1, CHANGED, change=change, part=part)


def _labelled(pool: Executor) -> int:
    """One report per case, at the default rate: false alarms, and power by kind of change."""
    found = labelled(CASES, pool)
    for kind, (alarms, cases) in sorted(found.items()):
        print(f"  {kind}: {alarms / cases:.2f} of {cases} reports say drift")
    return (_rate(found, "none") > NOMINAL) + (_rate(found, "marginal") < POWER)


def _rate(found: dict[str, Share], kind: str) -> float:
    alarms, cases = found[kind]
    return alarms / cases


def labelled(folder: Path, pool: Executor) -> dict[str, Share]:
    """By kind of change how many reports say drift; `marginal`: what a single column shows, without priors."""
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    paths = [folder / "cases" / f"{each['id']}.csv.gz" for each in told]
    alarms, cases = Counter[str](), Counter[str]()
    for each, drift in zip(told, pool.map(_drifts, paths), strict=True):
        for kind in _kinds(each["truth"]):
            alarms[kind] += drift
            cases[kind] += 1
    return {kind: (alarms[kind], count) for kind, count in cases.items()}


def _kinds(truth: dict[str, Any]) -> Iterator[str]:
    yield truth["kind"] if truth["drift"] else "none"
    if truth["drift"] and truth["where"] == "marginal" and truth["kind"] != "prior":
        yield "marginal"


def _drifts(path: Path) -> bool:
    with gzip.open(path) as file:
        table = csv.read_csv(file)
    then, now = (
        of_table(table.filter(pc.equal(table["__window__"], side)).drop(["__window__"]))
        for side in ("ref", "cur")
    )
    return compare(then, now).drift


def looks(
    seed: int, count: int, *, first: int = 0, rows: int = 300, change: str = "", part: float = 1.0
) -> list[float]:
    """The p-values of `count` windows from where their one baseline comes from, but for what is changed.

    `first` is the number of the first window: other numbers, other rows. `part` of the rows are changed.
    """
    baseline = _summary(np.random.default_rng(seed), 2000)
    draw = np.random.default_rng([seed, first, len(change), round(100 * part)])
    options = Options(alpha=HOURLY, exact=False)
    windows = (_summary(draw, rows, change, part) for _ in range(count))
    return [compare(baseline, window, options).p_value for window in windows]


def _summary(draw: np.random.Generator, rows: int, change: str = "", part: float = 0.0) -> Summary:
    changed = draw.random(rows) < part
    income = draw.normal(size=rows) + changed * (change == "shift")
    spent = income + draw.normal(size=rows)
    if change == "relation":
        spent[changed] = draw.permutation(spent[changed])
    sign = np.where(changed & (change == "concept"), -1, 1)
    return of_table(
        pa.table(
            {
                "income": income,
                "spent": spent,
                "amount": draw.lognormal(sigma=2, size=rows),
                "age": draw.integers(18, 90, rows),
                "rare": (draw.random(rows) < 0.01).astype(float),
                "city": np.array(["ulm", "bonn", "kiel"])[draw.integers(0, 3, rows)],
                "y": (sign * income + draw.normal(size=rows) > 0).astype(float),
            }
        )
    )
