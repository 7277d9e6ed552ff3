"""The supervisor's side of the fork server: asks for a process, and learns how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from portal.embedded.launch import CannotStart, alive

SECONDS_TO_ANSWER = 20.0
SECONDS_TO_LOAD = 90.0


@dataclass(frozen=True, slots=True)
class Fork:
    """What to fork off: an entry of the fork server with its arguments, under a title."""

    server: Path
    title: str
    arguments: tuple[str, ...]

    def wait_for_server(self) -> Fork:
        """Return once the server answers, which it does not while it loads the code anew."""
        deadline = time.monotonic() + SECONDS_TO_LOAD
        while not answers(self.server):
            if time.monotonic() > deadline:
                raise CannotStart("the fork server does not answer")
            time.sleep(0.1)
        return self


class Forked:
    """A process that the fork server began for us: what the supervisor needs of a `Popen`."""

    def __init__(self, fork: Fork, *, fds: tuple[int, ...], orphan_signal: int) -> None:
        readable, writable = os.pipe()
        self.stdout: IO[bytes] = os.fdopen(readable, "rb")
        self.returncode: int | None = None
        request = {
            "arguments": fork.arguments,
            "title": fork.title,
            "orphan_signal": int(orphan_signal),
        }
        self._orphan_signal = orphan_signal
        try:
            self._line, self.pid = _ask(fork.server, request, [writable, *fds])
        except (OSError, KeyError) as error:
            self.stdout.close()
            raise CannotStart("the fork server went away") from error
        finally:
            os.close(writable)
        self._line.setblocking(False)

    def poll(self) -> int | None:
        """How it ended, if it did; one whose server is gone ends by its orphan signal."""
        if self.returncode is None:
            try:
                heard = _hear(self._line)
            except BlockingIOError:
                return None
            except ConnectionError:
                heard = {}
            if heard:
                self._end(heard["code"])
            elif not alive(self.pid):
                self._end(-self._orphan_signal)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _end(self, code: int) -> None:
        self.returncode = code
        self._line.close()


def answers(server: Path) -> bool:
    """Whether the fork server has loaded the code and answers."""
    with contextlib.suppress(OSError, KeyError):
        line, _ = _ask(server, {}, [])
        line.close()
        return True
    return False


def _ask(
    server: Path, request: dict[str, Any], descriptors: list[int]
) -> tuple[socket.socket, int]:
    """The line on which more will be heard, and the pid."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(SECONDS_TO_ANSWER)
        line.connect(str(server))
        socket.send_fds(line, [json.dumps(request).encode() + b"\n"], descriptors)
        return line, int(_hear(line)["pid"])
    except (OSError, KeyError):
        line.close()
        raise


def _hear(line: socket.socket) -> dict[str, Any]:
    """The next line, which comes whole; nothing where the server is gone."""
    said = b""
    while not said.endswith(b"\n") and (part := line.recv(1)):
        said += part
    found: dict[str, Any] = json.loads(said or b"{}")
    return found
