"""Waiting for what other processes do: poll with a deadline, never sleep for a fixed time."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import psutil

from portal.supervisor.guardian import marked

Answer = TypeVar("Answer")
ROOT = Path(__file__).resolve().parents[2]


def until(
    question: Callable[[], Answer],
    *,
    seconds: float = 300,
    what: str | Callable[[], str] = "",
    pause: float = 0.02,
) -> Answer:
    """The first answer that is true; a question that costs the other side much is asked less often."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"not within {seconds} s: {said}")
        time.sleep(pause)
    return answer


def free_ports() -> int:
    """A port that is free together with the two above it.

    Below those that the kernel gives to whoever asks for any: between this look and the portal's start nobody gets it.
    """
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000, 3)
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            try:
                for offset, each in enumerate((first, second, third)):
                    each.bind(("", port + offset))
            except OSError:
                continue
            return port


def environ(**names: str) -> Mapping[str, str]:
    """The environment of a portal of its own, not the test run's."""
    given = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DATA_DIR", "PORT"}
    kept = {name: value for name, value in os.environ.items() if name not in given}
    return {**kept, "PYTHONUNBUFFERED": "1", "DEMO": "0", **names}


def said(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""


def left_over(data: Path) -> list[str]:
    """Every process that belongs to a DATA_DIR: marked, or working in it, or named after it."""
    found = {process.pid: process for process in marked(str(data))}
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            inside = process.cwd().startswith(str(data)) or str(data) in words
        except (psutil.Error, OSError):
            continue
        if inside and process.pid != os.getpid():
            found[process.pid] = process
    return [_described(process) for process in found.values() if process.is_running()]


def _described(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {process.status()} {' '.join(process.cmdline()[:12])}"
    except psutil.Error:
        return f"{process.pid}, which ends"


def end(process: subprocess.Popen[bytes]) -> None:
    """Whatever a test left undone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(120)
