"""What the supervisor knows of one process, and the order of all."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portal.embedded.launch import Launch
from portal.supervisor.forked import Fork
from portal.supervisor.probes import Probe, alive

Step = Callable[[], Awaitable[None]]


class StartFailed(Exception):
    """The portal cannot start; the message is one line."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running. `launch` is asked again before each start."""

    name: str
    launch: Callable[[], Launch | Fork]
    probe: Probe = alive
    fds: tuple[int, ...] = ()
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10
    orphan_signal: int = signal.SIGTERM
    start_seconds: float = 90
    probe_every: float = 5
    probe_seconds: float = 5
    patience: int = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """Processes that start together; what is done beside their start, and once they are ready."""

    programs: tuple[Program, ...]
    waits: bool = True
    beside: tuple[Step, ...] = ()
    then: tuple[Step, ...] = ()
