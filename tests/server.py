"""A really running web process over the database of this test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError

from django.db import connection

from tests.portal.polling import free_ports

READY_WITHIN = 300.0


@contextmanager
def running(**settings: str) -> Iterator[str]:
    """Start uvicorn as `manage.py up` does, wait until it answers, and yield its address."""
    port = free_ports()
    command = [sys.executable, "-m", "uvicorn", "portal.asgi:application"]
    command += ["--port", str(port), "--lifespan", "off", "--log-level", "warning"]
    process = subprocess.Popen(command, env=_environment(settings))
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=240)


def _environment(settings: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url(), "PYTHONWARNINGS": "ignore", **settings}


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


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=60):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer within {READY_WITHIN} s")
