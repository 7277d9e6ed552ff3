"""One Parquet file of a hundred million rows to profiles, as a whole process in bounded memory.

`BENCH_PROFILE_ROWS=100000000`; a twentieth of them is profiled first, and twenty times the rows must not
take much more memory.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.drift import Run, run, say

ROWS = int(os.environ.get("BENCH_PROFILE_ROWS", "100000000"))
GROUP = 1_000_000
PARTS = 20
MOST_MEGABYTES, MOST_GROWTH = 540, 1.25
PROFILE = """
import sys
from pathlib import Path
from apps.monitoring.profiling import files
found = files.summary(Path(sys.argv[1]))
print(found.rows, len(found.profiles()))
"""


def main() -> int:
    """Print the figures; how many aims were missed."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_profiled(Path(folder), rows) for rows in (ROWS // PARTS, ROWS))
    grown = many.megabytes / few.megabytes
    print(
        f"  {ROWS / many.wall / 1e6:.1f} million rows/s; {PARTS} times the rows, {grown:.2f} times the memory"
    )
    return (many.megabytes > MOST_MEGABYTES) + (grown > MOST_GROWTH)


def _profiled(folder: Path, rows: int) -> Run:
    path = _write(folder / f"{rows}.parquet", rows)
    found = run([sys.executable, "-c", PROFILE, str(path)])
    say(f"{rows:,} rows, profile", found)
    path.unlink()
    return found


def _write(path: Path, rows: int) -> Path:
    draw = np.random.default_rng(1)
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, GROUP):
        table = _table(draw, min(GROUP, rows - start))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path


def _table(draw: np.random.Generator, rows: int) -> pa.Table:
    names = pa.array([f"cat{n}" for n in range(50)])
    places = pa.array(draw.integers(0, 50, rows))
    return pa.table(
        {
            "number": pa.array(draw.normal(size=rows), mask=draw.random(rows) < 0.02),
            "skewed": draw.lognormal(size=rows),
            "count": draw.integers(0, 1000, rows),
            "name": names.take(places),
        }
    )
