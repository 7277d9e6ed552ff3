"""How a server's process is begun and ended, whoever begins it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """A server cannot be started; the message is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One command line and the user it runs as."""

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    gid: int | None = None
    folder: str = "/"


def die_with_parent(number: int) -> Callable[[], None]:
    """Ask the kernel to signal the new process when the one that began it is gone."""
    parent = os.getpid()
    return lambda: end_with(parent, number)


def end_with(parent: int, number: int) -> None:
    """Ask the kernel to signal this process when its parent is gone."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it went between fork and prctl
        os.kill(os.getpid(), number)


def start_detached(
    launch: Launch, *, log: Path, end_with_parent: int | None = None
) -> subprocess.Popen[bytes]:
    """Begin a server in its own session, its words in a file; on request it ends with us."""
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log.open("ab") as output:
        return subprocess.Popen(
            launch.command,
            env=dict(launch.environ),
            user=launch.uid,
            group=launch.gid,
            extra_groups=None if launch.uid is None else [],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=launch.folder,
            start_new_session=True,
            preexec_fn=die_with_parent(end_with_parent) if end_with_parent else None,  # noqa: PLW1509
        )


def wait_until(
    ready: Callable[[], bool], *, process: subprocess.Popen[bytes], seconds: float, log: Path
) -> None:
    """Return once `ready`; raise with the server's last words when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise CannotStart(f"{log.stem} ended: {last_line(log)}")
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise CannotStart(f"{log.stem} was not ready in {seconds:.0f} seconds; see {log}")
        time.sleep(0.05)


def last_line(log: Path) -> str:
    """The last words in a log, for a message of one line."""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
    return "it said nothing"


def end(pid: int, *, signals: tuple[tuple[int, float], ...]) -> None:
    """Send each signal in turn until the process is gone, waiting so many seconds after each."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for number, seconds in signals:
            process.send_signal(number)
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(seconds)
                return


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


GENTLY_THEN_NOT = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
