"""Real Celery workers on the test's database and a Redis of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis
from celery import current_app
from django.db import connection
from kombu import pools

from portal.embedded.redis import Redis
from tests import forks


def until(true: Callable[[], Any], *, what: str, seconds: float = 240) -> Any:
    """Wait until `true()` is; its answer. Fails with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := true():
            return answer
        time.sleep(0.03)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def database_url() -> str:
    """The test's own database, for other processes."""
    given = connection.settings_dict
    user, password = quote(given["USER"], safe=""), quote(given["PASSWORD"], safe="")
    host, port = quote(given["HOST"], safe=""), given["PORT"] or ""
    return f"postgresql://{user}:{password}@/{given['NAME']}?host={host}&port={port or 5432}"


class House:
    """A broker and the workers that this test may kill."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sbx-jobs-")
        self.home = Path(self._folder.name)
        self.redis = Redis(self.home / "data", self.home / "run")
        self.workers: dict[str, forks.Process] = {}
        self._broker_before = ""

    def start(self) -> None:
        self.redis.start(end_with_parent=True)
        (self.home / "data" / "run").mkdir(parents=True)
        self._broker_before = publish_to(f"redis+socket://{self.redis.socket}?virtual_host=0")
        self._loaded = forks.Loaded(self.home / "forks.sock", self._environment())

    def stop(self) -> None:
        for name in list(self.workers):
            self.kill(name)
        self._loaded.stop()
        publish_to(self._broker_before)
        self.redis.stop()
        self._folder.cleanup()

    def work(self, name: str, *options: str) -> None:
        """Start one worker and wait until it is ready."""
        self.begin(name, *options)
        self.ready(name)

    def begin(self, name: str, *options: str) -> None:
        """Start one worker in a group of its own."""
        command = ("celery", "-A", "portal", "worker", "-l", "INFO", "-n", f"{name}@%h", *options)
        log = self.home / f"{name}.log"
        log.touch()
        self.workers[name] = forks.fork(*command, server=self._loaded.path, log=log)

    def ready(self, name: str) -> None:
        worker = self.workers[name]
        until(
            lambda: "ready." in self.log(name) or worker.poll() is not None,
            what=f"{name} ready",
            seconds=300,
        )
        assert worker.poll() is None, self.log(name)

    def kill(self, name: str) -> None:
        """End a worker and its whole pool at once."""
        worker = self.workers.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        (self.home / f"{name}.log").rename(self.home / f"{name}.{worker.pid}.log")

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")

    def until(self, true: Callable[[], Any], *, what: str) -> Any:
        """Wait as `until`; a failure shows what the workers last said."""
        try:
            return until(true, what=what)
        except AssertionError as error:
            logs = [f"{path.name}:\n{path.read_text()[-3000:]}" for path in self.home.glob("*.log")]
            raise AssertionError("\n".join([str(error), self._broker(), *logs])) from error

    def _broker(self) -> str:
        """Whether the broker answers, and what waits in it."""
        try:
            with redis.Redis(unix_socket_path=str(self.redis.socket), socket_timeout=60) as client:
                waiting = {name: client.llen(name) for name in ("default", "system")}
                return f"broker: {waiting}, {client.info('clients')}"
        except redis.RedisError as error:
            return f"broker: {error!r}"

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": f"unix://{self.redis.socket}",
            "DATA_DIR": str(self.home / "data"),
            "DJANGO_SETTINGS_MODULE": "tests.jobs_fixture.settings",
        }


def publish_to(url: str) -> str:
    """Let this process send to another broker; the one before."""
    before = str(current_app.conf.broker_url)
    pools.reset()
    current_app.conf.broker_url = current_app.conf.broker_write_url = url
    current_app.conf.broker_read_url = url
    current_app.amqp._producer_pool = None
    current_app._pool = None
    return before
