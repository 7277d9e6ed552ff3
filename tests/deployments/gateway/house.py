"""A gateway and model servers as real processes on real sockets."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack

from apps.predictions import journal
from tests.portal.polling import ROOT, end, free_ports, until

TOKEN, STRANGER = "sbx_ours", "sbx_theirs"


class Replica:
    """One model server that obeys."""

    def __init__(self, number: int, port: int = 0) -> None:
        self.number, self.port = number, port or free_ports()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.deployments.gateway.replica"]
        self.process = subprocess.Popen(
            [*command, str(self.port), str(self.number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._line() == "ready"

    def tell(self, line: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._line()

    def seen(self) -> bytes:
        """What the last requests looked like, as bytes."""
        said = self.tell("seen")
        return b"" if said == "-" else bytes.fromhex(said)

    @property
    def requests(self) -> int:
        return int(self.tell("count"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(180)
        self._close()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


class House:
    """A listening socket, the gateway behind it, and what the portal says."""

    def __init__(self, folder: Path, patience: float = 60) -> None:
        self.folder, self.patience = folder, patience
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = self.listener.getsockname()[1]
        self.replicas: list[Replica] = []
        self.said: dict[str, Any] = {"routes": [], "tokens": {TOKEN: [1], STRANGER: [2]}}
        self.process: subprocess.Popen[bytes] | None = None

    def replica(self) -> Replica:
        made = Replica(len(self.replicas) + 1)
        self.replicas.append(made)
        return made

    def target(self, replica: Replica, version: str = "1", **more: Any) -> dict[str, Any]:
        given = {"release_id": int(version), "version": version, "host": "127.0.0.1"}
        return {**given, "port": replica.port, "replica_id": replica.number, **more}

    def say(self, targets: list[dict[str, Any]], **more: Any) -> None:
        """What the portal answers from now on."""
        place = {"slug": "churn", "deployment_id": 7, "project_id": 1, "model": "churn"}
        self.said["routes"] = [{**place, "targets": targets, **more}] if targets else []
        self.write()

    def write(self) -> None:
        path = self.folder / "portal.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(self.said))
        draft.rename(path)

    def start(self) -> None:
        self.listener.set_inheritable(True)
        command = [sys.executable, "-m", "tests.deployments.gateway.little_gateway"]
        number = self.listener.fileno()
        self.process = subprocess.Popen(
            [*command, str(number), str(self.folder), str(self.patience)],
            pass_fds=[number],
            cwd=ROOT,
        )
        until(self.alive, what="the gateway answers")

    def alive(self) -> bool:
        return self.ask(
            b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        ).startswith(b"HTTP/1.1 200")

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ask(self, message: bytes) -> bytes:
        """Send bytes and read until the other side closes."""
        with self.connect() as client:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(message)
            return read_all(client)

    def restart(self) -> None:
        """As the supervisor does: TERM, wait, start again on the same socket."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(180)
        self.start()

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)
        for replica in self.replicas:
            replica.stop()
        self.listener.close()

    def logged(self) -> list[dict[str, Any]]:
        """Every exchange in the journal, sealed or not."""
        folder = self.folder / "journal"
        found: dict[str, list[bytes]] = {}
        for path in folder.glob("*.open"):
            with contextlib.suppress(FileNotFoundError):  # it was sealed just now
                found[path.stem] = list(journal.frames(path))
        for path in folder.glob("*.sealed"):
            found[path.stem] = list(journal.frames(path))
        return [msgpack.unpackb(frame) for name in sorted(found) for frame in found[name]]

    def rss(self) -> int:
        """The memory of the gateway in bytes."""
        assert self.process
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def house(replicas: int = 1, *, patience: float = 60) -> Iterator[House]:
    """Running, with replicas of version 1.

    `patience` is how long the gateway waits for one of them before it asks another one, too: a test that counts
    who was asked must not see it lost.
    """
    with tempfile.TemporaryDirectory(prefix="sbg-") as folder:
        built = House(Path(folder), patience)
        try:
            targets = [built.target(built.replica()) for _ in range(replicas)]
            built.say(targets)
            built.start()
            yield built
        finally:
            built.stop()


def read_all(client: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def post(
    body: bytes = b'{"instances":[[1]]}',
    path: bytes = b"/serve/churn/invocations",
    *,
    token: str = TOKEN,
    more: bytes = b"",
) -> bytes:
    """A request for a prediction."""
    return b"POST %b HTTP/1.1\r\nhost: a\r\nauthorization: Bearer %b\r\n%bcontent-length: %d\r\n\r\n%b" % (
        path, token.encode(), more, len(body), body,
    )  # fmt: skip
