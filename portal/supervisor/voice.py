"""What is said: every process's lines with its name before them, to the terminal and to a log."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

WIDTH = 9
LOG_BYTES = 5_000_000
LOG_COPIES = 2


class LogFile(RotatingFileHandler):
    """A log of bounded size; a full disk costs lines and nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_COPIES, errors="replace")
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        pass


def _descriptor(out: TextIO) -> int | None:
    try:
        return out.fileno()
    except (OSError, ValueError):
        return None  # a text in memory


class Voice:
    """Passes lines on. A terminal or pipe that nobody reads never holds the supervisor up."""

    def __init__(self, logs: Path, *, out: TextIO = sys.stdout) -> None:
        self.logs = logs
        self.out = out
        self._descriptor = _descriptor(out)
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=5000)
        self._files: dict[str, LogFile] = {}
        self._thread = threading.Thread(target=self._pass_on, daemon=True, name="voice")
        self._thread.start()

    def say(self, words: str) -> None:
        """Speak as the supervisor itself."""
        self.line("up", words)

    def line(self, name: str, words: str) -> None:
        """One line of one process."""
        self._keep(name, words)
        self.show(f"{name:<{WIDTH}} | {words}")

    def show(self, words: str) -> None:
        """A line for the terminal alone, so that no secret reaches a log."""
        with contextlib.suppress(queue.Full):  # better a line lost than everything stuck
            self._lines.put_nowait(words)

    def close(self) -> None:
        """Give what was said last a moment to get out."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(timeout=2)
        for handler in self._files.values():
            handler.close()

    def _keep(self, name: str, words: str) -> None:
        if name not in self._files:
            self._files[name] = LogFile(self.logs / f"{name}.log")
        self._files[name].handle(logging.makeLogRecord({"msg": words}))

    def _pass_on(self) -> None:
        while (words := self._lines.get()) is not None:
            with contextlib.suppress(OSError, ValueError):
                self._write(words)

    def _write(self, words: str) -> None:
        """Past Python's buffer: a thread that is held up in it would make the interpreter abort at its end."""
        if self._descriptor is None:
            print(words, file=self.out, flush=True)  # noqa: T201
            return
        rest = f"{words}\n".encode(errors="replace")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
