"""Two Parquet files to a verdict, as whole processes: ours, merely reading, and other libraries'.

`BENCH_DRIFT_PEER`: a Python that has evidently, `BENCH_DRIFT_WHYLOGS`, `BENCH_DRIFT_NANNYML`,
`BENCH_DRIFT_ALIBI`: of the others (else their lines are left out); `BENCH_DRIFT_LARGE=1`: the large size too.
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

from bench.drift_peers import commands
from bench.house import ROOT

SIZES = {"100,000 x 30": (100_000, 30, 0.9, 300), "1,000,000 x 50": (1_000_000, 50, 2.2, 540)}
READ = "import sys, pyarrow.parquet as q; [q.read_table(p) for p in sys.argv[1:]]"


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
            (run([sys.executable, "manage.py", "drift", *files, "--json"]) for _ in range(3)),
            key=lambda each: each.wall,
        )
        say(f"{name}, drift", ours)
        say(f"{name}, merely reading", run([sys.executable, "-c", READ, *files]))
        for other, command in commands(files):
            _beside(f"{name}, {other}", run(command), ours)
    return (ours.wall > most_seconds) + (ours.megabytes > most_megabytes)


def _beside(name: str, theirs: Run, ours: Run) -> None:
    say(name, theirs)
    print(
        f"  {theirs.wall / ours.wall:.0f} times as long, {theirs.cpu / ours.cpu:.0f} of processor,"
        f" {theirs.megabytes / ours.megabytes:.1f} of memory"
    )


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


def run(command: list[str]) -> Run:
    """A process to its end; what it used."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[:3]} failed")
    seconds = time.perf_counter() - began
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def say(name: str, used: Run) -> None:
    """One line of figures."""
    print(f"{name:<32} {used.wall:8.2f} s {used.cpu:8.2f} s of processor {used.megabytes:8.0f} MB")
