"""From a fresh clone with empty caches to a demo that is alive: seconds, memory, disk.

`START_AS=ada` does it as a plain user where the bench runs as root; `START_FROM` names another
repository or commit to clone than this one's HEAD, as `URL` or `URL#COMMIT`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.portal.polling import ROOT, free_ports, left_over

PAGE_SECONDS = 240.0
ALIVE_SECONDS = 120.0
MEMORY = 3 * 1024**3
LOOK_SECONDS = 1.0
GIVE_UP_SECONDS = 1200.0
STOP_SECONDS = 90.0
# Of this shell or of a portal that runs already; a fresh machine knows none of them.
NOT_THEIRS = (
    "DATABASE_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "VIRTUAL_ENV",
    "MAKEFLAGS",
    "MAKELEVEL",
)


@dataclass
class Start:
    """One start of a fresh clone, and what was seen of it."""

    home: Path
    user: str | None
    port: int = field(default_factory=free_ports)
    peak: int = 0
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0

    @property
    def clone(self) -> Path:
        return self.home / "signalbox"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def run(self, *words: str, cwd: Path | None = None, **more: Any) -> subprocess.Popen[bytes]:
        """Begin a process of that user, who has nothing but this home."""
        kept = {name: value for name, value in os.environ.items() if name not in NOT_THEIRS}
        given = {
            "HOME": str(self.home),
            "PORT": str(self.port),
            "DATA_DIR": str(self.data),
            "DEMO": "1",
        }
        given["XDG_CACHE_HOME"] = str(self.home / ".cache")
        return subprocess.Popen(
            words, cwd=cwd or self.home, env={**kept, **given}, user=self.user, group=self.user,
            start_new_session=True, **more,
        )  # fmt: skip

    def said(self, *words: str) -> str:
        """What a short process says."""
        process = self.run(
            *words, cwd=self.clone, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return process.communicate()[0].decode()

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def until(self, question: Any) -> float:
        """Look each second until the answer is true, and weigh the processes at each look."""
        while not question():
            assert self.process is not None
            if self.process.poll() is not None or self.seconds() > GIVE_UP_SECONDS:
                raise SystemExit(f"start: not alive after {self.seconds():.0f} s:\n{self.words()}")
            self.peak = max(self.peak, self.memory())
            time.sleep(LOOK_SECONDS)
        return self.seconds()

    def words(self) -> str:
        return (self.home / "said.log").read_text(errors="replace")[-3000:]

    def memory(self) -> int:
        """What the processes hold, each shared page counted once (PSS)."""
        assert self.process is not None
        total = 0
        with contextlib.suppress(psutil.Error):
            whole = psutil.Process(self.process.pid)
            for each in (whole, *whole.children(recursive=True)):
                with contextlib.suppress(psutil.Error, OSError):
                    total += each.memory_full_info().pss
        return total

    def disk(self) -> int:
        """The files of DATA_DIR. Those that go while they are counted are not counted."""
        total = 0
        for folder, _, names in os.walk(self.data):
            for name in names:
                with contextlib.suppress(OSError):
                    total += (Path(folder) / name).lstat().st_blocks * 512
        return total


@contextlib.contextmanager
def fresh(user: str | None) -> Iterator[Start]:
    """A home with a clone in it and nothing else."""
    home = Path(tempfile.mkdtemp(prefix="sbs-", dir="/tmp"))
    try:
        if user:
            account = pwd.getpwnam(user)
            os.chown(home, account.pw_uid, account.pw_gid)
        url, _, commit = os.environ.get("START_FROM", str(ROOT)).partition("#")
        commit = commit or subprocess.check_output(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, text=True
        )
        start = Start(home, user)
        clone = ["git", "clone", "--quiet", "--no-local", url, str(start.clone)]
        subprocess.run(clone, check=True)
        subprocess.run(["git", "checkout", "--quiet", commit.strip()], cwd=start.clone, check=True)
        if user:
            subprocess.run(["chown", "--recursive", f"{user}:", str(home)], check=True)
        yield start
    finally:
        shutil.rmtree(home, ignore_errors=True)


def answers(url: str, token: str = "") -> bytes | None:
    """The body of a good answer."""
    request = urllib.request.Request(
        url, headers={"Authorization": f"Bearer {token}"} if token else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return None


def main() -> int:
    """Start, look, stop; how many aims were missed."""
    with fresh(os.environ.get("START_AS")) as start:
        with (start.home / "said.log").open("wb") as log:
            start.began = time.monotonic()
            start.process = start.run("make", "run", cwd=start.clone, stdout=log, stderr=log)
            try:
                missed = _watch(start)
            finally:
                missed_end = _stop(start)
        return missed + missed_end


def _watch(start: Start) -> int:
    address = f"http://127.0.0.1:{start.port}"
    page = start.until(lambda: answers(f"{address}/accounts/login/"))
    token = start.said(".venv/bin/python", "manage.py", "token", "admin").split()[-1]

    def alive() -> bool:
        told = json.loads(answers(f"{address}/api/v1/demo/", token) or b"{}")
        return bool(told.get("state") == "running" and told.get("ready_at"))

    lively = start.until(alive)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"first page          {page:7.0f} s     aim {PAGE_SECONDS:.0f} s")
    print(f"demo alive after    {lively - page:7.0f} s     aim {ALIVE_SECONDS:.0f} s more")
    print(
        f"most memory         {start.peak / 2**20:7.0f} MB    aim {MEMORY / 2**20:.0f} MB (PSS of all processes)"
    )
    print(f"DATA_DIR by then    {start.disk() / 2**20:7.0f} MB")
    print(f"load of the machine {load}; {os.cpu_count()} cores")
    return (page > PAGE_SECONDS) + (lively - page > ALIVE_SECONDS) + (start.peak > MEMORY)


def _stop(start: Start) -> int:
    """Ask it to end, and look for what it left."""
    assert start.process is not None
    began = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        start.process.send_signal(signal.SIGTERM)
    try:
        start.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(start.process.pid, signal.SIGKILL)
    left = left_over(start.data)
    print(f"ended after         {time.monotonic() - began:7.0f} s     left over: {len(left)}")
    for each in left:
        print(f"  {each}")
    return int(bool(left))
