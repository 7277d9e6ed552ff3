"""kill -9 at random points: no acknowledged record is lost, none is there twice.

Six rounds in the suite; `KILLS=200` makes 200 of them. A database of its own, which waits for the disk.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portal.embedded.postgres import Postgres
from tests import forks
from tests.portal.polling import ROOT, environ, until

ROUNDS = int(os.environ.get("KILLS", "6"))
DEPLOYMENT, PROJECT = 1, 1
COUNT = """
import json
from collections import Counter
from apps.predictions import reading, selectors
ids = Counter()
for part in reading.parts(1, ("prediction",)):
    ids.update(part.table(["id"]).column("id").to_pylist())
print("TOLD" + json.dumps({"ids": sorted(ids), "twice": [k for k, n in ids.items() if n > 1]}))
"""


class House:
    """A database that may be killed, and the processes that use it."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        (data / "static").mkdir(parents=True)
        self.folder = folder
        self.postgres = Postgres(data, folder / "pg")
        self.postgres.start(end_with_parent=True)
        self.postgres.ensure_database("signalbox")
        self.environment = environ(
            DATABASE_URL=self.postgres.url(), DATA_DIR=str(data), REDIS_URL="unix:///nowhere",
            DJANGO_SETTINGS_MODULE="portal.settings", PYTHONWARNINGS="ignore",
        )  # fmt: skip
        self.logs: list[Path] = []
        self.numbers = itertools.count()

    def manage(self, *arguments: str) -> str:
        names = ("DATABASE_URL", "DATA_DIR")
        return forks.manage(*arguments, **{name: self.environment[name] for name in names})

    def open(self) -> None:
        """The process that workers are forked from: it has all modules, and no connection."""
        with (self.folder / "errors").open("a") as errors:
            self.parent = subprocess.Popen(
                [sys.executable, "-m", "tests.predictions.killed", str(DEPLOYMENT), str(PROJECT)],
                cwd=ROOT, env=dict(self.environment), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def start(self, what: str) -> int:
        """A process that works until it is killed; each has a log of what it acknowledged."""
        log = self.folder / f"{what}-{next(self.numbers)}"
        if what == "take":
            self.logs.append(log)
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write(f"{what} {log}\n")
        pid = int(self.parent.stdout.readline())
        until(lambda: log.exists() and log.stat().st_size, what=f"{what} begins")
        return pid

    def kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(pid), what="it is gone")

    def kill_database(self) -> None:
        """All of its processes at once, as a loss of power would."""
        server = psutil.Process(self.postgres.pid())
        for process in [server, *server.children(recursive=True)]:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs([server], timeout=240)
        self.postgres.start(end_with_parent=True)

    def acknowledged(self) -> set[str]:
        """What was said to be taken; a last line without its end was not said."""
        whole = (log.read_text().rpartition("\n")[0] for log in self.logs if log.exists())
        return {key for text in whole for key in text.split()}


@pytest.fixture
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="sbk-", dir="/tmp"))
    folder.chmod(0o711)
    made = House(folder)
    try:
        made.manage("migrate", "--verbosity", "0")
        made.open()
        yield made
        made.parent.kill()
        made.parent.communicate()
    finally:
        made.postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(house: House) -> None:
    chance = random.Random(ROUNDS)
    running = {what: house.start(what) for what in ("take", "compact")}
    try:
        for number in range(ROUNDS):
            time.sleep(chance.uniform(0.0, 0.4))  # the point is random
            victim = ("take", "compact", "database")[number % 3]
            if victim == "database":
                house.kill_database()
            for what, pid in running.items():
                if victim in (what, "database"):
                    house.kill(pid)
                    running[what] = house.start(what)
    finally:
        for pid in running.values():
            house.kill(pid)

    found = json.loads(house.manage("shell", "--verbosity", "0", "-c", COUNT).partition("TOLD")[2])
    acknowledged = house.acknowledged()
    assert len(acknowledged) > 5 * ROUNDS
    assert found["twice"] == []
    lost = acknowledged - set(found["ids"])
    assert not lost, f"{len(lost)} of {len(acknowledged)} lost, such as {sorted(lost)[:3]}"
