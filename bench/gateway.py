"""The gateway before a model server that answers at once: what it adds, and what it costs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.deployments.gateway.house import TOKEN, House, free_port
from tests.portal.polling import ROOT, end, until

SECONDS = 5
CONNECTIONS = (1, 16, 64)
BODY = '{"dataframe_split":{"columns":["a","b","c","d"],"data":[[1.5,2.5,3.5,4.5]]}}'
RATE, ADDED, CPU = 15_000.0, 0.3, 66.0
SCRIPT = """
wrk.method = "POST"
wrk.body = '{body}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
done = function(summary, latency, requests)
  local errors = summary.errors.status + summary.errors.read + summary.errors.timeout
  io.write(string.format("TOLD %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` saw, times in milliseconds; `cpu` in microseconds of the process for each request."""

    rate: float
    p50: float
    p99: float
    cpu: float

    def __str__(self) -> str:
        return (
            f"{self.rate:8.0f}/s   p50 {self.p50:6.2f} ms   p99 {self.p99:6.2f} ms"
            f"   {self.cpu:5.1f} us CPU/request   {1e6 / self.cpu:6.0f}/s of one core"
        )


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    if shutil.which("wrk") is None:
        print("There is no wrk here: the gateway was not measured.")
        return 0
    with tempfile.TemporaryDirectory(prefix="sbg-") as folder:
        script = Path(folder) / "ask.lua"
        script.write_text(SCRIPT.format(body=BODY, token=TOKEN))
        disk = _disk(Path(folder))
        with _instant() as (port, upstream), _gateway(Path(folder), port) as built:
            assert built.process is not None
            print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            alone = {n: _load(script, port, n, upstream.pid) for n in CONNECTIONS}
            through = {n: _load(script, built.port, n, built.process.pid) for n in CONNECTIONS}
            logged = sum(path.stat().st_size for path in built.folder.glob("journal/*.*"))
    for count in CONNECTIONS:
        print(f"upstream alone, {count:2} connections  {alone[count]}")
    for count in CONNECTIONS:
        print(f"gateway,        {count:2} connections  {through[count]}")
    print(f"the journal took {logged / 1e6:.0f} MB; one durable write of the disk {disk:.2f} ms")
    added = through[1].p50 - alone[1].p50
    print(f"added p50 {added:.2f} ms, {added - disk:.2f} ms without the disk's own write")
    aims = (
        ("requests/s at 64 connections", through[64].rate, RATE, through[64].rate >= RATE),
        ("us CPU for each request at 64", through[64].cpu, CPU, through[64].cpu <= CPU),
        ("added p50 without the disk's write, ms", added - disk, ADDED, added - disk < ADDED),
    )
    for name, value, aim, met in aims:
        print(f"{'met   ' if met else 'MISSED'}  {name}: {value:.3g}, aim {aim:g}")
    return sum(not met for *_, met in aims)


def _load(script: Path, port: int, connections: int, pid: int) -> Load:
    command = ["wrk", "-t1", f"-c{connections}", "-s", str(script)]
    target = f"http://127.0.0.1:{port}/serve/churn/invocations"
    subprocess.run([*command, "-d1s", target], capture_output=True, check=True)
    before = _cpu(pid)
    done = subprocess.run(
        [*command, f"-d{SECONDS}s", target], capture_output=True, check=True, text=True
    )
    spent = _cpu(pid) - before
    told = re.search(r"TOLD (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    assert told is not None, done.stdout
    requests, lasted, p50, p99, errors = map(int, told.groups())
    if errors:
        raise SystemExit(f"{errors} of {requests} requests failed")
    return Load(requests / lasted * 1e6, p50 / 1e3, p99 / 1e3, spent / requests * 1e6)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _disk(folder: Path) -> float:
    """The median time of one small durable write, in milliseconds."""
    taken = []
    with (folder / "probe").open("wb", buffering=0) as probe:
        for _ in range(200):
            probe.write(b"x" * 400)
            begun = time.perf_counter()
            os.fdatasync(probe.fileno())
            taken.append(time.perf_counter() - begun)
    return sorted(taken)[len(taken) // 2] * 1e3


@contextmanager
def _instant() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.instant", str(port)], cwd=ROOT)
    try:
        until(_listens(port), what="the model server answers")
        yield port, process
    finally:
        end(process)


def _listens(port: int) -> Callable[[], bool]:
    def asked() -> bool:
        return any(
            each.laddr.port == port and each.status == psutil.CONN_LISTEN
            for each in psutil.net_connections("tcp4")
        )

    return asked


@contextmanager
def _gateway(folder: Path, port: int) -> Iterator[House]:
    built = House(folder)
    target = {"release_id": 1, "version": "1", "host": "127.0.0.1", "port": port, "replica_id": 1}
    built.say([target])
    try:
        built.start()
        yield built
    finally:
        built.stop()
