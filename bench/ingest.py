"""Predictions a second that are committed: Arrow, JSON in batches, one at a time; beside COPY and whylogs.

`SECONDS=10`; where a Python with whylogs is named in `BENCH_WHYLOGS`, it profiles the same rows in the same run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg

from bench.house import House, house, serving

SECONDS = float(os.environ.get("SECONDS", "10"))  # noqa: TID251
WARM_SECONDS = 2.0
FEATURES, ROWS_ARROW, ROWS_JSON = 8, 20_000, 1_000
AIMS = {"arrow": 200_000.0, "json": 100_000.0, "single": 5_000.0}
CLIENTS = {"arrow": 4, "json": 6, "single": 128}
WHYLOGS = os.environ.get("BENCH_WHYLOGS")  # noqa: TID251
FOLDER = Path(__file__).parent

SETUP = """
import json
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.projects.services import create_project
from tests.deployments.test_pages import model_with_versions, served
from apps.models.models import VersionFacts
ada = User.objects.create_user("ada", "ada@example.org")
project = create_project(name="Fraud", slug="fraud", by=ada)
(version,) = model_with_versions(project, 1)
deployment = served(version, project.environments.get(name="staging"), ada)
columns = [{"name": f"f%d" % n, "type": "double"} for n in range(FEATURES)]
VersionFacts.objects.update_or_create(version=version, defaults={"signature": {"inputs": columns}})
_, token = create_token(user=ada, name="bench", by=ada)
print("TOLD" + json.dumps({"token": token, "deployment": deployment.pk}))
"""
STORED = "SELECT coalesce(sum(count), 0) FROM predictions_batch"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way of sending reached: records acknowledged and stored, and how long answers took."""

    name: str
    rate: float
    p50: float
    p99: float


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    print(
        f"{FEATURES} numbers and a text a record; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    with house() as built:
        told = built.shell(SETUP.replace("FEATURES", str(FEATURES)))
        figures = list(_portal(built, told["token"]))
        copied = _copy(built)
    missed = 0
    for figure in figures:
        aim = AIMS[figure.name]
        missed += figure.rate < aim
        print(
            f"{figure.name:<8} {figure.rate:>10,.0f} records/s (aim {aim:,.0f})"
            f"   answers p50 {figure.p50:.1f} ms, p99 {figure.p99:.1f} ms"
        )
    for rows, rate in copied.items():
        print(f"COPY of {rows:>6} rows a transaction, one client: {rate:>10,.0f} records/s")
    _whylogs()
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    return missed


def _portal(built: House, token: str) -> Iterator[Figure]:
    with serving(built) as address, psycopg.connect(built.postgres.url(), autocommit=True) as asks:
        port = int(address.rpartition(":")[2])
        for name, clients in CLIENTS.items():
            given = {
                "kind": name, "port": port, "token": token, "clients": clients, "seconds": SECONDS,
                "rows": {"arrow": ROWS_ARROW, "json": ROWS_JSON}.get(name, 1), "features": FEATURES,
            }  # fmt: skip
            _load({**given, "seconds": WARM_SECONDS})
            before = _stored(asks)
            found = _load(given)
            stored = _stored(asks) - before
            if stored != found["accepted"]:
                raise SystemExit(f"{name}: {found['accepted']} acknowledged, {stored} stored")
            yield Figure(name, found["accepted"] / found["lasted"], found["p50"], found["p99"])


def _load(given: dict[str, object]) -> dict[str, float]:
    said = subprocess.run(
        [sys.executable, str(FOLDER / "ingest_load.py")],
        input=json.dumps(given), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(said.stdout))


def _stored(asks: psycopg.Connection[tuple[int]]) -> int:
    row = asks.execute(STORED).fetchone()
    return int(row[0]) if row else 0


def _copy(built: House) -> dict[int, float]:
    """The same columns into a plain table without an index, and so with no id taken once."""
    names = ", ".join(f"f{n} float8" for n in range(FEATURES))
    found = {}
    with psycopg.connect(built.postgres.url(), autocommit=True) as asks:
        asks.execute(
            f"CREATE TABLE plain (id text, at timestamptz, {names}, city text, score float8)"
        )
        for rows in (ROWS_JSON, ROWS_ARROW):
            body = _copied(rows)
            begun, sent = time.perf_counter(), 0
            while time.perf_counter() - begun < min(SECONDS, 5):
                with asks.cursor().copy("COPY plain FROM STDIN") as copy:
                    copy.write(body)
                sent += rows
            found[rows] = sent / (time.perf_counter() - begun)
    return found


def _copied(rows: int) -> bytes:
    values = np.random.default_rng(1).random((rows, FEATURES + 1))
    lines = [
        "\t".join(
            [
                f"{n:032x}",
                "2026-11-01T00:00:00Z",
                *map(repr, row[:-1].tolist()),
                "Bern",
                repr(float(row[-1])),
            ]
        )
        for n, row in enumerate(values)
    ]
    return ("\n".join(lines) + "\n").encode()


def _whylogs() -> None:
    if WHYLOGS is None:
        print("whylogs was not measured: BENCH_WHYLOGS names no Python that has it")
        return
    script = FOLDER / "ingest_whylogs.py"
    said = subprocess.run(
        [WHYLOGS, str(script), str(ROWS_ARROW), str(FEATURES)], capture_output=True, text=True
    )
    if said.returncode:
        print(f"whylogs did not run: {said.stderr.strip().splitlines()[-1:]}")
        return
    rate = float(said.stdout.split()[-1])
    print(f"whylogs profiles {rate:>10,.0f} records/s in one process, and keeps no record")
