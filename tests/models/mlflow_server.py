"""One MLflow server for a whole test run: the first worker starts it, the last one ends it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.portal.polling import free_ports, until

START_WITHIN = 200


@contextlib.contextmanager
def shared_mlflow() -> Iterator[str]:
    """The address of the run's MLflow server, with workspaces; TEST_MLFLOW_URL names one that runs."""
    if given := os.environ.get("TEST_MLFLOW_URL"):
        yield given
        return
    home = Path(os.environ["DATA_DIR"]).parent / "mlflow"
    home.mkdir(exist_ok=True)
    with _locked(home) as state:
        if not state:
            state.update(start(home))
        state["users"] = state.get("users", 0) + 1
        address = f"http://127.0.0.1:{state['port']}"
    try:
        yield address
    finally:
        with _locked(home) as state:
            state["users"] -= 1
            if not state["users"]:
                stop(state)
                state.clear()


def start(home: Path) -> dict[str, Any]:
    """Start a server of its own database, and wait until it answers."""
    port, name = free_ports(), f"mlflow_{home.parent.name.replace('-', '_').lower()}"
    create_database(name)
    return {"port": port, "pid": launch(home, port, name), "database": name}


@contextlib.contextmanager
def killed() -> Iterator[None]:
    """The run's server is killed as by kill -9; afterwards it answers again at its old address."""
    home = Path(os.environ["DATA_DIR"]).parent / "mlflow"
    with _locked(home) as state:
        os.killpg(state["pid"], signal.SIGKILL)
        until(
            lambda: not answers(f"http://127.0.0.1:{state['port']}/health"),
            seconds=300,
            what="it is gone",
        )
        try:
            yield
        finally:
            state["pid"] = launch(home, state["port"], state["database"])


def launch(home: Path, port: int, name: str) -> int:
    """Run a server over this database, and wait until it answers."""
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    environ = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": _sqlalchemy(name),
        "MLFLOW_ARTIFACTS_DESTINATION": str(home / "artifacts"),
        "MLFLOW_ENABLE_WORKSPACES": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    log = (home / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "mlflow", "server", *options],
        env=environ,
        stdout=log,
        stderr=log,
        cwd=home,
        start_new_session=True,
    )
    log.close()
    process.returncode = 0  # whichever worker is last ends it, so nobody waits for it here
    until(
        lambda: answers(f"http://127.0.0.1:{port}/health"),
        seconds=START_WITHIN,
        what=lambda: (home / "log").read_text(errors="replace")[-2000:],
    )
    return process.pid


def stop(state: dict[str, Any]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(state["pid"], signal.SIGTERM)
    drop_database(state["database"])


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=60):
            return True
    except (URLError, OSError):
        return False


def create_database(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def drop_database(name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(statement)


def address_of(name: str) -> str:
    """A database beside the run's own."""
    return make_conninfo(os.environ["DATABASE_URL"], dbname=name)


def _sqlalchemy(name: str) -> str:
    given = {**conninfo_to_dict(os.environ["DATABASE_URL"])}
    given.pop("dbname", None)
    return f"postgresql+psycopg:///{name}?{urlencode(given)}"


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[dict[str, Any]]:
    """What the workers of this run know together, held by one at a time."""
    with (home / "state.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state = json.loads(file.read() or "{}")
        yield state
        file.seek(0)
        file.truncate()
        json.dump(state, file)
