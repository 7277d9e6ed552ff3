"""A portal of its own for a bench: database, Redis, and as many web processes as `manage.py up` starts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.embedded.postgres import Postgres
from portal.embedded.redis import Redis
from tests.models.mlflow_server import answers
from tests.portal.polling import end, environ, until

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class House:
    """Where it lives, and how its processes are told."""

    folder: Path
    postgres: Postgres
    environment: Mapping[str, str]
    address: str = ""
    told: dict[str, Any] = field(default_factory=dict)

    def manage(self, *arguments: str) -> str:
        """Run one of the portal's commands."""
        command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
        done = subprocess.run(
            command, env=dict(self.environment), capture_output=True, text=True, cwd=ROOT
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments[:1])}: {done.stderr[-2000:]}")
        return done.stdout

    def shell(self, script: str) -> Any:
        """Run a script inside of the portal; what it prints after TOLD is JSON."""
        said = self.manage("shell", "--verbosity", "0", "-c", script)
        return json.loads(said.partition("TOLD")[2] or "null")


@contextlib.contextmanager
def house() -> Iterator[House]:
    """Database and Redis, migrated; everything is gone afterwards."""
    with contextlib.ExitStack() as stack:
        # Short, because socket paths are limited; open, because PostgreSQL may run as nobody.
        folder = Path(tempfile.mkdtemp(prefix="sbb-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)
        data = folder / "data"
        (data / "static").mkdir(parents=True)
        postgres, redis = Postgres(data, folder / "pg"), Redis(data, folder / "redis")
        for server in (postgres, redis):
            server.start(end_with_parent=True)
            stack.callback(server.stop)
        postgres.ensure_database("signalbox")
        given = environ(
            DATABASE_URL=postgres.url(),
            REDIS_URL=f"unix://{redis.socket}",
            DATA_DIR=str(data),
            MLFLOW_TRACKING_URI="http://127.0.0.1:9",
            DJANGO_SETTINGS_MODULE="portal.settings",
            PYTHONWARNINGS="ignore",
        )
        built = House(folder, postgres, given)
        built.manage("migrate", "--verbosity", "0")
        built.manage("collectstatic", "--noinput", "--verbosity", "0")
        yield built


@contextlib.contextmanager
def serving(built: House, processes: int | None = None) -> Iterator[str]:
    """Web processes over one socket, as the supervisor starts them."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.set_inheritable(True)
    port = listener.getsockname()[1]
    environment = {**built.environment, "PORT": str(port)}
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        for _ in range(processes or os.cpu_count() or 1):
            stack.enter_context(_web(listener, environment))
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{address}/healthz"), seconds=120, what="the portal answers")
        yield address


@contextlib.contextmanager
def _web(listener: socket.socket, environment: Mapping[str, str]) -> Iterator[None]:
    gate, opened = os.pipe()
    numbers = (gate, listener.fileno())
    command = [sys.executable, "-m", "portal.supervisor.web", *map(str, numbers)]
    process = subprocess.Popen(command, env=dict(environment), pass_fds=numbers, cwd=ROOT)
    os.write(opened, b".")
    os.close(opened)
    os.close(gate)
    try:
        yield
    finally:
        end(process)
