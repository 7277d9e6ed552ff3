"""One model server as a process of this machine."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

MODULE = "apps.deployments.server"
LOCAL = "127.0.0.1"
END_SECONDS = 5.0
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model server needs to know."""

    replica_id: int
    name: str
    version: str
    uri: str
    folder: Path
    log: Path
    environ: Mapping[str, str]
    options: tuple[str, ...] = ()
    # The interpreter of the model's own environment; nothing: the portal's.
    python: str = ""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        port: int = probe.getsockname()[1]
        return port


def start(wanted: Wanted, port: int) -> int:
    """Start a model server; returns its pid. It outlives the runner, which finds it again."""
    wanted.log.parent.mkdir(parents=True, exist_ok=True)
    command = [wanted.python or sys.executable, "-W", "ignore", "-m", MODULE]
    command += ["--uri", wanted.uri, "--folder", str(wanted.folder), "--port", str(port)]
    command += ["--name", wanted.name, "--version", wanted.version, *wanted.options]
    command += ["--replica", str(wanted.replica_id)]
    with wanted.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own module with our own arguments
            command,
            env=dict(wanted.environ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.returncode = 0  # it outlives this object, which would warn of that
    return process.pid


def is_ours(pid: int | None, replica_id: int) -> bool:
    """Whether `pid` is alive and is this replica's, not a stranger with its number."""
    if pid is None:
        return False
    _reap(pid)
    try:
        arguments = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return MODULE in arguments and arguments[-2:] == ["--replica", str(replica_id)]


def _reap(pid: int) -> bool:
    """Collect the end of a child, so that a dead one does not look alive; whether nothing is left to collect."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True  # an earlier runner's child; init collects it


def answers(port: int) -> bool:
    """Whether the model server says it is ready."""
    connection = http.client.HTTPConnection(LOCAL, port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(pid: int, replica_id: int, *, seconds: float = 12.0) -> None:
    """Let a model server finish what it has, then make sure it is gone."""
    deadline = time.monotonic() + seconds
    _signal(pid, replica_id, signal.SIGTERM)
    while is_ours(pid, replica_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(pid, replica_id, signal.SIGKILL)
    # One that is just ending has lost its name already, and nobody asks for it again.
    deadline = time.monotonic() + END_SECONDS
    while not _reap(pid) and time.monotonic() < deadline:
        time.sleep(0.05)


def _signal(pid: int, replica_id: int, number: int) -> None:
    if is_ours(pid, replica_id):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return  # it ended between the two looks


def last_words(log: Path) -> str:
    """The last line a model server wrote."""
    if not log.exists():
        return "it wrote nothing"
    lines = log.read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
    return lines[-1][:400] if lines else "it wrote nothing"
