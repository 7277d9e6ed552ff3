"""Trackers, pagers and change control: what incidents and promotions need of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class Phase(StrEnum):
    """Where work on something stands, in the words that all trackers share."""

    OPEN = "open"
    WORKING = "working"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """`correlation` finds the ticket again, so that a repeated call opens no second one."""

    title: str
    body: str
    correlation: str
    labels: tuple[str, ...] = ()
    url: str = ""  # the incident in the portal
    priority: str = ""  # in the tracker's words


@dataclass(frozen=True, slots=True)
class TicketRef:
    """`key` is what the tracker's API asks for, `label` what people call the ticket."""

    key: str
    url: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class RemoteComment:
    """What somebody wrote on a ticket, as plain text."""

    id: str
    text: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketState:
    """A ticket as its tracker has it, in the tracker's words; `phase` is the tracker's own judgement.

    `assignee` is the tracker's id of the account, empty where nobody has it.
    """

    ref: TicketRef
    title: str
    status: str
    phase: Phase
    updated_at: datetime
    priority: str = ""
    assignee: str = ""
    comments: tuple[RemoteComment, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What should become different; `None` stays. `status` is the tracker's word for `phase`, where set."""

    phase: Phase | None = None
    status: str = ""
    priority: str | None = None
    assignee: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A small file; its name is different where its content is."""

    name: str
    content_type: str
    content: bytes


@runtime_checkable
class TicketTracker(Protocol):
    """Keeps tickets in step with incidents.

    `settles_seconds` says how long after its opening a ticket may not be found; `priorities` proposes a
    word of the tracker for each severity (low, medium, high, critical). `change_ticket` may refuse with
    `Overtaken` where the ticket moved since it was `seen`. `keys_in` names the tickets a webhook tells of:
    keys, labels or correlations; empty where it does not say. `link_back` is safe to repeat.
    """

    settles_seconds: float
    priorities: Mapping[str, str]
    takes_files: bool

    def find_ticket(self, correlation: str) -> TicketRef | None: ...

    def open_ticket(self, draft: TicketDraft) -> TicketRef: ...

    def link_back(self, ref: TicketRef, draft: TicketDraft) -> None: ...

    def read_ticket(self, key: str) -> TicketState: ...

    def change_ticket(self, seen: TicketState, change: TicketChange) -> None: ...

    def comment(self, key: str, text: str) -> str: ...

    def attach(self, key: str, file: File) -> None: ...

    def keys_in(self, body: Any) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a pager should wake somebody for; the same `key` is the same alarm."""

    key: str
    title: str
    text: str
    severity: str  # low, medium, high, critical
    url: str


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm as its pager has it; `id` is the pager's own name for it."""

    key: str
    id: str
    url: str
    title: str
    status: str
    phase: Phase
    updated_at: datetime
    notes: tuple[RemoteComment, ...] = ()


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody whom the pager would wake now, and by which schedule or policy."""

    person: str
    schedule: str


@runtime_checkable
class Pager(Protocol):
    """Wakes people. Every verb is safe to repeat; `takes_notes` says whether `note` reaches anybody."""

    settles_seconds: float
    takes_notes: bool

    def trigger(self, alarm: Alarm) -> None: ...

    def find_alarm(self, key: str) -> AlarmState | None: ...

    def acknowledge(self, alarm: AlarmState, reason: str) -> None: ...

    def resolve(self, alarm: AlarmState, reason: str) -> None: ...

    def note(self, alarm: AlarmState, text: str) -> None: ...

    def on_call(self) -> tuple[OnCall, ...]: ...

    def keys_in(self, body: Any) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Change:
    """A change request; `approved` is what its approvers said, `None` while they have not."""

    number: str
    url: str
    state: str
    approved: bool | None
    closed: bool = False


@runtime_checkable
class ChangeControl(Protocol):
    """Approves changes to production before they are made."""

    def find_change(self, correlation: str) -> Change | None: ...

    def open_change(self, draft: TicketDraft) -> Change: ...
