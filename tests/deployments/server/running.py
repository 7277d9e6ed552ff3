"""A model server as the runner starts it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.deployments.server import limits
from tests.portal.polling import end, free_ports, until

JSON = "application/json"


@dataclass
class Running:
    """Where it listens."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def call(
        self, method: str, path: str, body: bytes | None = None, kind: str | None = JSON
    ) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        try:
            connection.request(method, path, body, {"content-type": kind} if kind else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, body: Any, path: str = "/invocations") -> tuple[int, Any]:
        """JSON in and out."""
        status, said = self.call("POST", path, json.dumps(body).encode())
        return status, json.loads(said)

    def ready(self) -> bool:
        """Whether it says so; its log where it ended instead."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.call("GET", "/ping")[0] == 200
        except OSError:
            return False


@contextlib.contextmanager
def running(
    folder: Path, name: str, *more: str, ends: tuple[float, float] | None = None
) -> Iterator[Running]:
    """A server of this model, ready; `ends` is how long it waits at its end, see `unhurried`."""
    port = free_ports()
    log = folder.parent / f"{name}-{port}.log"
    program = ["apps.deployments.server"]
    if ends is not None:
        program = ["tests.deployments.server.unhurried", *map(str, ends)]
    command = [sys.executable, "-W", "ignore", "-m", *program, "--uri", name]
    command += ["--folder", str(folder), "--name", name, "--version", "3", "--port", str(port)]
    environment = {**os.environ, **limits.of_threads(1)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *more, "--replica", "1"], env=environment, stdout=out, stderr=out
        )
    server = Running(port, process, log)
    try:
        until(server.ready, what=lambda: log.read_text())
        yield server
    finally:
        end(process)
