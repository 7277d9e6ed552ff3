"""The supervised processes, as the supervisor last saw them, and the queues between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from redis.exceptions import RedisError

from apps.core import health, metrics, pulse
from apps.core.health import Part
from apps.core.jobs.sending import messages_waiting
from apps.core.machine import alive
from apps.core.metrics import Samples
from apps.core.pulse import Pulse

LOOKS = {"running": "ok", "unwell": "degraded", "restarting": "failing", "starting": "queued"}


@dataclass(frozen=True, slots=True)
class Process:
    """One supervised process."""

    name: str
    state: str
    pid: int | None
    restarts: int
    last_exit: str
    since: datetime | None
    message: str

    @property
    def look(self) -> str:
        """The state under which badges know it."""
        return LOOKS.get(self.state, self.state)

    @property
    def died(self) -> bool:
        return self.restarts > 0


@dataclass(frozen=True, slots=True)
class Supervision:
    """The whole status file; without one, nobody supervises here."""

    processes: list[Process]
    written: datetime | None
    stands: bool


@dataclass(frozen=True, slots=True)
class House:
    """What the page about processes shows."""

    supervision: Supervision
    parts: list[Part]
    pulses: list[Pulse]
    queues: dict[str, int]


def look() -> House:
    """Ask everything once."""
    return House(supervision(), health.parts(), _pulses(), queues())


def supervision() -> Supervision:
    """The supervisor's status file. One that is missing or bent reads as no supervision."""
    try:
        content = json.loads((settings.RUN_DIR / "status.json").read_text())
        processes = [_process(given) for given in content["processes"]]
        stands = alive(int(content["supervisor"]))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return Supervision([], None, stands=False)
    return Supervision(processes, _moment(content.get("written")), stands)


def queues() -> dict[str, int]:
    """How many messages wait in each queue."""
    return {name: messages_waiting(name) for name in settings.WORKER_QUEUES}


def _pulses() -> list[Pulse]:
    try:
        return pulse.heard()
    except (RedisError, OSError):
        return []


def _process(given: dict[str, Any]) -> Process:
    return Process(
        name=str(given["name"]),
        state=str(given["state"]),
        pid=given.get("pid"),
        restarts=int(given.get("restarts") or 0),
        last_exit=str(given.get("last_exit") or ""),
        since=_moment(given.get("since")),
        message=str(given.get("message") or ""),
    )


def _moment(given: object) -> datetime | None:
    try:
        return parse_datetime(str(given)) if given else None
    except ValueError:
        return None


def _lengths() -> Samples:
    return [({"queue": name}, length) for name, length in queues().items()]


metrics.gauge("signalbox_queue_length", "Messages that wait in the broker.", _lengths)
