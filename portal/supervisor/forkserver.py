"""Loads the portal's code once, and forks off each process that runs it: `… forkserver SOCKET`.

Loading takes seconds of processor time and a hundred megabytes; a fork takes neither, since both
share what was loaded. Who wants a process connects, sends one line and the descriptors that the
process gets, the first of them for its words, and reads lines: its pid, then how it ended.

    {"arguments": ["manage.py", "gateway", "--fd", "@0"], "title": "gateway", "orphan_signal": 15}
    {"pid": 4711}
    {"code": 0}

`@n` is the number of the n-th further descriptor. A line without arguments asks for nothing but
an answer. Processes end with this one: the kernel sends each its orphan signal.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import setproctitle

from portal.embedded.launch import end_with

LONGEST_REQUEST = 65536
MOST_DESCRIPTORS = 16
SECONDS_TO_ASK = 10.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a process that was just forked off is to be."""

    server: int
    title: str
    arguments: Sequence[str]
    orphan_signal: int
    descriptors: Sequence[int]

    def run(self) -> int:
        """Run to the end, as if the arguments had been given to Python; answer the exit status."""
        os.setsid()
        end_with(self.server, self.orphan_signal)
        words, *given = self.descriptors
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(words, 1)
        os.dup2(words, 2)
        os.close(words)
        _go_before_the_server()
        setproctitle.setproctitle(f"signalbox: {self.title}")
        numbers = {f"@{at}": str(number) for at, number in enumerate(given)}
        entry, *arguments = (numbers.get(argument, argument) for argument in self.arguments)
        return ENTRIES[entry](arguments)


class ForkServer:
    """Waits for requests on a socket and for the ends of what it began."""

    def __init__(self, path: Path) -> None:
        self._lines: dict[int, socket.socket] = {}
        self._ends, self._end = socket.socketpair()
        self._end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._end.fileno())
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(64)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ends, selectors.EVENT_READ)

    def serve(self) -> Task:
        """Serve for ever; return only in a process that was forked off."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._ends:
                    self._ends.recv(4096)
                    self._tell_ends()
                elif task := self._answer():
                    self._forget()
                    return task

    def _answer(self) -> Task | None:
        line, _ = self._listener.accept()
        line.settimeout(SECONDS_TO_ASK)
        try:
            request, descriptors = _read(line)
            task = Task(server=os.getpid(), descriptors=descriptors, **request) if request else None
        except (OSError, ValueError, TypeError) as error:
            print(f"not a request: {error}", file=sys.stderr)  # noqa: T201
            line.close()
            return None
        pid = os.fork() if task else os.getpid()
        if pid == 0:
            line.close()
            return task
        for number in descriptors:
            os.close(number)
        if task:
            self._lines[pid] = line
        with contextlib.suppress(OSError):  # who asked is gone
            _say(line, pid=pid)
        if not task:
            line.close()
        return None

    def _forget(self) -> None:
        """In a new process: close what is the server's, and hear signals as any process does."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for own in (*self._lines.values(), self._listener, self._ends, self._end):
            own.close()

    def _tell_ends(self) -> None:
        while self._lines:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._lines.pop(pid) as line, contextlib.suppress(OSError):
                _say(line, code=os.waitstatus_to_exitcode(status))


def _read(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """One request and its descriptors."""
    data, descriptors, _, _ = socket.recv_fds(line, LONGEST_REQUEST, MOST_DESCRIPTORS)
    while data and not data.endswith(b"\n") and (more := line.recv(LONGEST_REQUEST)):
        data += more
    return json.loads(data or b"{}"), descriptors


def _say(line: socket.socket, **fields: int) -> None:
    line.sendall(json.dumps(fields).encode() + b"\n")


def _go_before_the_server() -> None:
    """Where memory runs out, one process is to end, and not all of them."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("200")


def _manage(arguments: list[str]) -> int:
    commands = importlib.import_module("portal.commands")
    sys.argv = ["manage.py", *arguments]
    return int(commands.run(sys.argv))


def _celery(arguments: list[str]) -> int:
    # Root in a container is common, and no message is ever unpickled.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    sys.argv = ["celery", *arguments]
    importlib.import_module("celery.__main__").main()
    return 0


def _web(arguments: list[str]) -> int:
    importlib.import_module("portal.supervisor.web").main(*map(int, arguments))
    return 0


ENTRIES: dict[str, Callable[[list[str]], int]] = {
    "manage.py": _manage,
    "celery": _celery,
    "web": _web,
}


def load() -> None:
    """Everything that most of the processes need."""
    importlib.import_module("django").setup()
    for name in ("portal.commands", "portal.supervisor.web", "celery.bin.worker", "portal.asgi"):
        importlib.import_module(name)
    importlib.import_module("django.urls").get_resolver().url_patterns  # noqa: B018
    importlib.import_module("portal.celery").app.loader.import_default_modules()
    # What is never collected is never written to, and stays shared.
    gc.collect()
    gc.freeze()


def main(path: Path) -> int:
    """Serve; in a process that was forked off, become that process."""
    setproctitle.setproctitle("signalbox: fork server")
    load()
    return ForkServer(path).serve().run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
