"""A model of a tracker: it keeps tickets, finds new ones late, fails after it has acted, and kills whoever asks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from apps.core.http import TimedOut
from apps.integrations.ports import (
    File,
    Phase,
    RemoteComment,
    TicketChange,
    TicketDraft,
    TicketRef,
    TicketState,
)

T = TypeVar("T")


class Killed(BaseException):
    """The worker process dies here."""


@dataclass
class Remote:
    """Tickets by key, each with what people there did to it."""

    chance: random.Random
    failing: float = 0.0
    killing: float = 0.0
    tickets: dict[str, TicketState] = field(default_factory=dict)
    correlations: dict[str, str] = field(default_factory=dict)
    found_after: int = 0  # searches that miss a new ticket
    lag: float = 0.0  # seconds for which no search finds it
    opened_at: dict[str, float] = field(default_factory=dict)
    misses: dict[str, int] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    slow: float = 0.0  # seconds until an answer arrives
    calls: int = 0
    changes: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    settles_seconds: float = 0.0
    priorities: Mapping[str, str] = field(
        default_factory=lambda: {
            "low": "P4", "medium": "P3", "high": "P2", "critical": "P1",
        }
    )  # fmt: skip
    takes_files: bool = True

    # The port

    def find_ticket(self, correlation: str) -> TicketRef | None:
        return self._call(lambda: self._find(correlation))

    def open_ticket(self, draft: TicketDraft) -> TicketRef:
        return self._call(lambda: self._open(draft))

    def link_back(self, ref: TicketRef, draft: TicketDraft) -> None:
        self._call(lambda: None)

    def read_ticket(self, key: str) -> TicketState:
        return self._call(lambda: self.tickets[key])

    def change_ticket(self, seen: TicketState, change: TicketChange) -> None:
        self._call(lambda: self._change(seen.ref.key, change))

    def comment(self, key: str, text: str) -> str:
        return self._call(lambda: self.say(key, text, "robot"))

    def attach(self, key: str, file: File) -> None:
        self._call(lambda: self._attach(key, file))

    def keys_in(self, body: Any) -> tuple[str, ...]:
        return (body["key"],)

    # What people there do

    def say(self, key: str, text: str, author: str = "pat") -> str:
        with self.lock:
            ticket = self.tickets[key]
            made = RemoteComment(f"{key}-{len(ticket.comments)}", text, author, datetime.now(UTC))
            self._put(key, comments=(*ticket.comments, made))
            return made.id

    def edit(self, key: str, **fields: Any) -> None:
        with self.lock:
            self._put(key, **fields)

    # Inside

    def _call(self, act: Callable[[], T]) -> T:
        """Fail before or after having acted, or take the caller's life."""
        with self.lock:
            self.calls += 1
            self._stumble()
            done = act()
            self._stumble(self.failing)
        if self.slow:
            time.sleep(self.slow)
        return done

    def _stumble(self, failing: float = 0.0) -> None:
        if self.chance.random() < self.killing:
            raise Killed
        if self.chance.random() < failing:
            raise TimedOut(service="Remote")

    def _find(self, correlation: str) -> TicketRef | None:
        key = self.correlations.get(correlation)
        if key is None:
            return None
        if time.monotonic() < self.opened_at[key] + self.lag:
            return None
        if self.misses.get(key, 0) > 0:
            self.misses[key] -= 1
            return None
        return self.tickets[key].ref

    def _open(self, draft: TicketDraft) -> TicketRef:
        key = f"T-{len(self.opened) + 1}"
        self.opened.append(draft.correlation)
        self.correlations.setdefault(draft.correlation, key)
        self.misses[key] = self.found_after
        self.opened_at[key] = time.monotonic()
        ref = TicketRef(key, f"https://tracker.example.org/{key}", key)
        now = datetime.now(UTC)
        self.tickets[key] = TicketState(
            ref, draft.title, "To do", Phase.OPEN, now, draft.priority or "P3"
        )
        return ref

    def _change(self, key: str, change: TicketChange) -> None:
        self.changes += 1
        fields: dict[str, Any] = {}
        if change.phase is not None:
            fields |= {"phase": change.phase, "status": change.status or change.phase.value}
        if change.priority is not None:
            fields["priority"] = change.priority
        if change.assignee is not None:
            fields["assignee"] = change.assignee
        self._put(key, **fields)

    def _attach(self, key: str, file: File) -> None:
        self._put(key, files=(*self.tickets[key].files, file.name))

    def _put(self, key: str, **fields: Any) -> None:
        self.tickets[key] = replace(self.tickets[key], updated_at=datetime.now(UTC), **fields)
