"""A really running web process over the database of this test."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from django.db import connection

from tests import forks

READY_WITHIN = 300.0


@contextmanager
def running(**environ: str) -> Iterator[str]:
    """A web process as `manage.py up` begins it, once it answers: its address."""
    with begun(**environ) as (address, _):
        yield address


@contextmanager
def begun(**environ: str) -> Iterator[tuple[str, forks.Process]]:
    """The same, with the process itself for who means to kill it."""
    words = Path(f"/proc/{os.getpid()}/fd/2")  # where a failed test shows them
    gate, opened = os.pipe()
    os.close(opened)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        given = {"DATABASE_URL": database_url(), **environ}
        fds = (gate, listening.fileno())
        process = forks.fork("web", "@0", "@1", fds=fds, log=words, **given)
        os.close(gate)
    try:
        _wait(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait()


def database_url() -> str:
    """Where another process finds the database of this test."""
    given: dict[str, Any] = connection.settings_dict
    words = {
        "dbname": given["NAME"],
        "user": given["USER"],
        "password": given["PASSWORD"],
        "host": given["HOST"],
        "port": given["PORT"],
    }
    return " ".join(f"{name}={value}" for name, value in words.items() if value)


def _wait(address: str, process: forks.Process) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer within {READY_WITHIN} s")
