"""The living demo at speed for SOAK_MINUTES (30): what grows without bound, and what the logs say.

An hour of the demo is what one of its deployments goes through in an hour of life when nothing is wrong:
360 calls, as many as the demo sends by itself, and 60 looks of each monitor, which is a new monitor's pace.
Both are counted, and the fewer of the two are the hours that were simulated.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.soak_judge import judge
from bench.soak_load import Load
from bench.soak_logs import read_logs
from bench.soak_samples import Sample, Watch
from tests.portal.polling import end, left_over, until
from tests.thread.client import PATIENCE, Person, WholePortal

SAMPLE_SECONDS = 30.0
ALIVE_SECONDS = 1800.0
OF_THE_TESTS = ("WEB_PROCESSES", "WORKER_CONCURRENCY")  # a portal of a person has as many as cores


def main() -> int:
    """Start it, keep it at speed, end it; how many aims were missed."""
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    with house() as home:
        portal = WholePortal(home, DEMO="1")
        kept = portal.environ.items()
        portal.environ = {name: value for name, value in kept if name not in OF_THE_TESTS}
        portal.start()
        try:
            missed = soak(portal, seconds=60 * minutes)
        finally:
            end(portal.process)
        left = left_over(portal.data)
        print(f"left over after its end: {len(left)}")
        return missed + read_logs(portal.data / "logs") + len(left)


@contextlib.contextmanager
def house() -> Iterator[Path]:
    """A folder of its own: short for the sockets, open for PostgreSQL's own user. SOAK_KEEP leaves it."""
    home = Path(tempfile.mkdtemp(prefix="sbk-", dir="/tmp"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        if not os.environ.get("SOAK_KEEP"):
            shutil.rmtree(home, ignore_errors=True)


def soak(portal: WholePortal, *, seconds: float) -> int:
    """From the moment it is alive."""
    portal.wait_for("Signalbox is ready", seconds=PATIENCE)
    person = Person(portal, portal.token("admin"))
    until(lambda: is_alive(person), seconds=ALIVE_SECONDS, what="the demo is alive")
    print(f"alive: {portal.url}, DATA_DIR {portal.data}", flush=True)
    watch = Watch(portal.data)
    with Load(person, portal.data) as load:
        load.quicken()
        samples = list(sampled(load, watch, seconds=seconds))
        missed = load.tell()
    (portal.data / "samples.json").write_text(json.dumps([asdict(each) for each in samples]))
    print(
        f"{samples[-1].hours - samples[0].hours:.1f} hours of the demo in {seconds / 60:.0f} minutes"
    )
    return missed + judge(samples)


def is_alive(person: Person) -> bool:
    """Asked each other second: more would slow its beginning down."""
    time.sleep(2)
    told = person.get("demo/")
    return bool(told["state"] == "running" and told["ready_at"])


def sampled(load: Load, watch: Watch, *, seconds: float) -> Iterator[Sample]:
    """Do what is due each second, and look every so often."""
    began = time.monotonic()
    due = began
    while (now := time.monotonic()) < began + seconds or now >= due:
        if now >= due:
            due += SAMPLE_SECONDS
            yield told(watch.sample(now - began))
        watch.glance()
        load.step(now)
        time.sleep(1)


def told(sample: Sample) -> Sample:
    """A line for whoever waits."""
    memory = sum(value for name, value in sample.values.items() if name.startswith("memory "))
    print(
        f"{sample.at:6.0f} s  {sample.hours:6.2f} h  memory {memory / 2**20:6.0f} MB"
        f"  keys {sample.values['redis keys']:4.0f}  files {sample.values['open files']:5.0f}"
        f"  connections {sample.values['database connections']:3.0f}",
        flush=True,
    )
    return sample
