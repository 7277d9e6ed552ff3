"""Kinds of work that behave badly in one way each. What they do is counted in lines of a file."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from apps.core.errors import Conflict, Retryable
from apps.core.jobs import Progress, job_task


def _note(folder: str, name: str, text: str = "x") -> None:
    with (Path(folder) / name).open("a") as file:
        file.write(f"{text}\n")


def freed(*, folder: str, **_: Any) -> None:
    """What every kind here does when no further try follows."""
    _note(folder, "freed")


def _wait_for(path: Path, progress: Progress | None = None) -> None:
    while not path.exists():
        time.sleep(0.05)
        if progress is not None:
            progress.check()


@job_task("fixture.steps", on_failure=freed)
def steps(progress: Progress, *, folder: str) -> dict[str, int]:
    for step in range(1, 4):
        progress(step * 30, f"Step {step}")
    _note(folder, "done")
    return {"steps": 3}


@job_task("fixture.gate", on_failure=freed)
def gate(progress: Progress, *, folder: str) -> None:
    """Waits for the file `open`, and then has its effect under the claim."""
    _note(folder, "started")
    _wait_for(Path(folder) / "open")
    with progress.holding():
        _note(folder, "effect")


@job_task("fixture.polite", on_failure=freed)
def polite(progress: Progress, *, folder: str) -> None:
    _note(folder, "started")
    progress(10, "Waiting for the gate")
    _wait_for(Path(folder) / "open", progress)


@job_task("fixture.blocked", on_failure=freed)
def blocked(progress: Progress, *, folder: str) -> None:
    """Never looks up, and swallows whatever it can."""
    _note(folder, "started")
    try:
        time.sleep(120)
    except Exception:  # noqa: BLE001  what careless libraries do
        time.sleep(120)


@job_task("fixture.slow", on_failure=freed, time_limit=timedelta(seconds=1))
def slow(progress: Progress, *, folder: str) -> None:
    time.sleep(120)


@job_task("fixture.deaf", on_failure=freed, time_limit=timedelta(seconds=1))
def deaf(progress: Progress, *, folder: str) -> None:
    """Does not even hear signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    time.sleep(120)


@job_task("fixture.reporting", on_failure=freed)
def reporting(progress: Progress, *, folder: str) -> None:
    """Uses the database all the time until the file `open` is there."""
    _note(folder, "started")
    while not (Path(folder) / "open").exists():
        progress(50, "Still here")
        time.sleep(0.1)
    _note(folder, "done")


@job_task("fixture.flaky", on_failure=freed)
def flaky(progress: Progress, *, folder: str, refusal: str) -> None:
    _note(folder, "tried")
    if refusal == "retryable":
        raise Retryable(service="The other side")
    if refusal == "portal":
        raise Conflict(reason="It is taken.")
    raise RuntimeError("a bug with password=hunter2")


WAYS = ("steps", "gate", "polite", "blocked", "slow", "deaf", "reporting", "flaky")
