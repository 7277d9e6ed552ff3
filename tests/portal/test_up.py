"""`manage.py up`: the whole portal, started and stopped for real."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.portal.polling import ROOT, end, environ, free_ports, left_over, said, until

NO_MLFLOW = "http://127.0.0.1:9"


class Portal:
    """One portal in a DATA_DIR of its own, without MLflow, which is slow to start."""

    def __init__(self, home: Path, *, port: int | None = None) -> None:
        self.data = home / "data"
        self.port = port or free_ports()
        self.out = home / f"out-{self.port}"
        self.environ = environ(
            DATA_DIR=str(self.data),
            PORT=str(self.port),
            DEMO="0",
            WEB_PROCESSES="1",
            WORKER_CONCURRENCY="1",
            MLFLOW_TRACKING_URI=NO_MLFLOW,
        )

    def start(self) -> Portal:
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return self

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def wait_for(self, words: str, *, seconds: float = 600) -> None:
        def known() -> bool:
            assert self.process.poll() is None, said(self.out)
            return words in said(self.out)

        until(known, seconds=seconds, what=lambda: f"{words!r} in {said(self.out)}")

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def seen(self, name: str) -> dict[str, Any]:
        content = json.loads((self.data / "run" / "status.json").read_text())
        return next(process for process in content["processes"] if process["name"] == name)

    def nothing_is_left(self) -> None:
        until(lambda: not left_over(self.data), seconds=300, what=lambda: str(left_over(self.data)))
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("", self.port))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Short, for the sockets in it, and open, for PostgreSQL's own user."""
    folder = Path(tempfile.mkdtemp(prefix="sbx-up-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def portal(home: Path) -> Iterator[Portal]:
    """A portal that runs for all tests of this module."""
    started = Portal(home).start()
    try:
        started.wait_for("Signalbox is ready")
        yield started
    finally:
        end(started.process)


def test_it_answers_and_says_where_and_how_to_sign_in(portal: Portal) -> None:
    assert portal.get("/healthz") == 200
    assert f"http://localhost:{portal.port}/" in said(portal.out)
    assert "admin" in said(portal.out)


def test_it_keeps_the_password_out_of_the_logs(portal: Portal) -> None:
    password = said(portal.data / "secrets" / "admin_password").strip()
    assert password
    assert all(password not in said(log) for log in (portal.data / "logs").iterdir())


def test_it_refuses_a_second_one_on_the_same_folder(portal: Portal) -> None:
    second = portal.manage("up")
    assert second.returncode == 1
    assert second.stderr.splitlines() == [
        f"Another portal (pid {portal.process.pid}) runs on {portal.data}; "
        "stop it, or set DATA_DIR and PORT for a second one"
    ]


def test_it_lends_its_database_to_commands(portal: Portal) -> None:
    done = portal.manage("showmigrations", "--plan")
    assert done.returncode == 0, done.stderr
    assert "[X]" in done.stdout
    assert "Starting" not in done.stderr


@pytest.mark.parametrize("name", ["web-1", "postgres", "redis", "beat", "system", "fork-server"])
def test_it_survives_the_death_of_any_process(portal: Portal, name: str) -> None:
    until(lambda: portal.seen(name)["state"] == "running", seconds=300, what=name)
    before = portal.seen(name)

    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: portal.seen(name)["restarts"] > before["restarts"], what="seen")
    until(lambda: portal.seen(name)["state"] == "running", seconds=300, what=f"{name} is back")

    assert portal.seen(name)["pid"] != before["pid"]
    assert f"{name} died (signal SIGKILL)" in said(portal.out)
    until(lambda: portal.get("/healthz") == 200, what="it serves")


def test_the_pool_of_a_killed_worker_goes_with_it(portal: Portal) -> None:
    until(lambda: portal.seen("worker")["state"] == "running", seconds=300, what="worker")
    worker = psutil.Process(portal.seen("worker")["pid"])
    pool = until(worker.children, what="a pool")

    worker.kill()
    until(lambda: not any(process.is_running() for process in pool), what="the pool is ended")


@pytest.fixture
def another(home: Path) -> Iterator[Portal]:
    """A second portal beside the first, for tests that end it; its folder is kept between them."""
    folder = home / "another"
    folder.mkdir(mode=0o711, exist_ok=True)
    started = Portal(folder).start()
    try:
        started.wait_for("Signalbox is ready")
        yield started
    finally:
        end(started.process)


def test_it_leaves_nothing_when_it_stops(another: Portal) -> None:
    another.process.terminate()

    assert another.process.wait(180) == 0
    another.nothing_is_left()
    assert not (another.data / "run" / "redis.sock").exists()
    assert not list((another.data / "run" / "postgres").iterdir())


def test_it_leaves_nothing_when_it_is_killed(another: Portal) -> None:
    another.process.kill()
    another.process.wait(180)
    another.nothing_is_left()


def test_it_starts_after_it_was_killed_with_its_guardian(another: Portal) -> None:
    children = psutil.Process(another.process.pid).children()
    guardian = next(child for child in children if "guardian" in str(child.cmdline()))
    guardian.kill()
    another.process.kill()
    another.process.wait(180)
    another.nothing_is_left()  # the kernel told each process, and each ended its own

    another.start().wait_for("Signalbox is ready")
    assert another.get("/healthz") == 200
