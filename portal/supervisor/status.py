"""What the supervisor sees, in `DATA_DIR`/run/status.json, rewritten whenever it changes.

{"written": "2026-11-23T10:00:00+00:00", "supervisor": 4711, "processes": [{"name": "web-1",
 "state": "running", "pid": 4720, "restarts": 0, "last_exit": "", "since": "…", "message": ""}]}
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    UNWELL = "unwell"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Seen:
    """One process as it was seen last."""

    name: str
    state: State = State.WAITING
    pid: int | None = None
    restarts: int = 0
    last_exit: str = ""
    since: str = ""
    message: str = ""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class StatusFile:
    """The file that the page about processes reads; it is whole at every moment."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path = path
        self.seen = {name: Seen(name=name, since=now()) for name in names}
        self.write()

    def change(self, name: str, **fields: Any) -> None:
        """Take over what changed, with the moment of the change of state."""
        before = self.seen[name]
        after = dataclasses.replace(before, **fields)
        if after == before:
            return
        if after.state != before.state:
            after = dataclasses.replace(after, since=now())
        self.seen[name] = after
        self.write()

    def write(self) -> None:
        processes = [dataclasses.asdict(seen) for seen in self.seen.values()]
        content = {"written": now(), "supervisor": os.getpid(), "processes": processes}
        draft = self.path.with_suffix(".new")
        # A full disk must not stop the supervision; the next change tries again.
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(content, indent=1))
            draft.replace(self.path)
