"""Two Parquet files to a verdict, as whole processes: ours, merely reading, and evidently's preset.

`BENCH_DRIFT_PEER`: a Python that has evidently (else its line is left out); `BENCH_DRIFT_LARGE=1`: the
large size too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.house import ROOT

SIZES = {"100,000 x 30": (100_000, 30, 0.9, 300), "1,000,000 x 50": (1_000_000, 50, 2.2, 540)}
READ = "import sys, pyarrow.parquet as q; [q.read_table(p) for p in sys.argv[1:]]"
PEER = (
    "import sys, pandas as pd; from evidently import Report; from evidently.presets import DataDriftPreset\n"
    "a, b = map(pd.read_parquet, sys.argv[1:]); print(len(Report([DataDriftPreset()]).run(b, a).json()))"
)


@dataclass(frozen=True, slots=True)
class Run:
    """A whole process: seconds of wall and of processor time, peak memory in MB."""

    wall: float
    cpu: float
    megabytes: float


def main() -> int:
    """Print the figures; how many aims were missed."""
    missed = 0
    for name, size in SIZES.items():
        if size[0] <= 100_000 or os.environ.get("BENCH_DRIFT_LARGE"):
            missed += _size(name, *size)
    return missed


def _size(name: str, rows: int, columns: int, most_seconds: float, most_megabytes: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        files = [str(_write(Path(folder) / f"{n}.parquet", rows, columns, n)) for n in (1, 2)]
        ours = min(
            (_run([sys.executable, "manage.py", "drift", *files, "--json"]) for _ in range(3)),
            key=lambda run: run.wall,
        )
        _say(f"{name}, drift", ours)
        _say(f"{name}, merely reading", _run([sys.executable, "-c", READ, *files]))
        if peer := os.environ.get("BENCH_DRIFT_PEER"):
            theirs = _run([peer, "-c", PEER, *files])
            _say(f"{name}, evidently", theirs)
            print(
                f"  {theirs.wall / ours.wall:.0f} times as long, {theirs.cpu / ours.cpu:.0f} of processor"
            )
    return (ours.wall > most_seconds) + (ours.megabytes > most_megabytes)


def _write(path: Path, rows: int, columns: int, seed: int) -> Path:
    draw = np.random.default_rng(seed)
    names = np.array([f"cat{n}" for n in range(50)])
    kinds = (
        lambda: pa.array(draw.normal(size=rows), mask=draw.random(rows) < 0.02),
        lambda: pa.array(draw.normal(size=rows)),
        lambda: pa.array(draw.lognormal(size=rows)),
        lambda: pa.array(draw.integers(0, 1000, rows)),
        lambda: pa.array(names[draw.integers(0, 50, rows)]),
    )
    pq.write_table(pa.table({f"c{n}": kinds[n % 5]() for n in range(columns)}), path)
    return path


def _run(command: list[str]) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[:3]} failed")
    seconds = time.perf_counter() - began
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _say(name: str, run: Run) -> None:
    print(f"{name:<32} {run.wall:8.2f} s {run.cpu:8.2f} s of processor {run.megabytes:8.0f} MB")
