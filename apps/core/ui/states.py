"""What a state looks like: a tone, an icon and a word, the same on every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Tone = Literal["good", "warn", "bad", "busy", "idle", "accent"]


@dataclass(frozen=True)
class State:
    """How one state is shown. Colour never stands alone."""

    tone: Tone
    icon: str
    word: str


_states: dict[str, State] = {}


def register(**states: State) -> None:
    """Name states for badges and timelines. A state has one look everywhere."""
    for key, state in states.items():
        if _states.get(key, state) != state:
            raise ValueError(f"The state {key!r} already looks different.")
        _states[key] = state


def look(key: object, label: str = "") -> State:
    """The look of a state; one that nobody named is shown by its word alone."""
    state = _states.get(str(key)) or State("idle", "dot", _word(key))
    return replace(state, word=label) if label else state


def known() -> Iterator[tuple[str, State]]:
    return iter(_states.items())


def _word(key: object) -> str:
    label = getattr(key, "label", None)
    return str(label or str(key).replace("_", " ").capitalize() or "Unknown")


register(
    queued=State("idle", "clock", "Queued"),
    running=State("busy", "play", "Running"),
    done=State("good", "check", "Done"),
    failed=State("bad", "failed", "Failed"),
    cancelled=State("idle", "cancelled", "Cancelled"),
    pending=State("warn", "clock", "Waiting"),
    approved=State("good", "check", "Approved"),
    rejected=State("bad", "close", "Rejected"),
    expired=State("idle", "clock", "Expired"),
    live=State("good", "check-circle", "Live"),
    rolling=State("busy", "refresh", "Rolling out"),
    rolled_back=State("warn", "undo", "Rolled back"),
    degraded=State("warn", "warning", "Degraded"),
    stopped=State("idle", "stop", "Stopped"),
    firing=State("bad", "flame", "Firing"),
    open=State("bad", "incident", "Open"),
    acknowledged=State("busy", "eye", "Acknowledged"),
    mitigated=State("warn", "shield", "Mitigated"),
    resolved=State("good", "check-circle", "Resolved"),
    silenced=State("idle", "bell-off", "Silenced"),
    ok=State("good", "check", "OK"),
    act=State("bad", "warning", "Act"),
    watch=State("warn", "eye", "Watch"),
    ignore=State("idle", "minus", "Ignore"),
    connected=State("good", "connection", "Connected"),
    failing=State("bad", "failed", "Failing"),
    never_checked=State("idle", "question", "Never checked"),
    disabled=State("idle", "pause", "Disabled"),
    revoked=State("idle", "lock", "Revoked"),
    archived=State("idle", "folder-open", "Archived"),
    draft=State("idle", "edit", "Draft"),
    stale=State("warn", "history", "Stale"),
    partial=State("warn", "partial", "Partial"),
    unknown=State("idle", "question", "Unknown"),
)
