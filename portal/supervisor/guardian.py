"""Ends what a supervisor leaves when it is killed without a word.

Runs as a process of its own, started by path; its standard input is a pipe from the supervisor,
and the end of it is the signal. Every supervised process carries a mark in its environment,
which its own children inherit, in whatever session they are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator

import psutil

MARK = "SIGNALBOX_SUPERVISED"
GRACE = 8.0


def marked(data: str) -> Iterator[psutil.Process]:
    """The processes that a supervisor of this DATA_DIR began, and their descendants."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == data:
                yield process


def end_marked(data: str, *, grace: float = GRACE) -> int:
    """Ask them to end, insist after the grace period, and answer how many there were."""
    processes = list(marked(data))
    _signal(processes, signal.SIGTERM)
    psutil.wait_procs(processes, timeout=grace)
    deadline = time.monotonic() + grace
    while (left := list(marked(data))) and time.monotonic() < deadline:
        _signal(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=1)
    return len(processes)


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(sys.stdin.fileno(), 1)  # nothing is ever sent: this returns when the supervisor is gone
    end_marked(sys.argv[1])


if __name__ == "__main__":
    main()
