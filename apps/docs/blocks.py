"""Blocks of a document that show what is so now: ```query with `monitor: NAME` and the like.

Each app on the right registers how its kind is read; the viewer's rights are part of each reading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.core.access import Person
from apps.core.errors import Invalid

LONGEST = 10_000  # characters
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What a block asks, by whom, in which project."""

    user: Person
    project_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is so now. `state` is a state that badges know; rows are shown under their columns."""

    title: str
    state: str = ""
    sentence: str = ""
    url: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


Run = Callable[[Asked], Answer]
_kinds: dict[str, Run] = {}


def register(kind: str, run: Run) -> None:
    """Offer a kind of block; `run` asks with the viewer's rights and raises a PortalError to refuse."""
    if _kinds.setdefault(kind, run) is not run:
        raise ValueError(f"two blocks are called {kind}")


def kinds() -> list[str]:
    """What a block may ask."""
    return sorted(_kinds)


def answer(user: Person, project_id: int, block: str) -> Answer:
    """Run a block: its first line is `kind: what`. `Invalid` says what a block needs."""
    kind, colon, text = block.strip()[:LONGEST].partition(":")
    kind = kind.strip().lower()
    known = ", ".join(kinds()) or "nothing on this portal yet"
    if not colon or not text.strip():
        raise Invalid(field="query", reason=f"begin the block with `kind: what`; kinds: {known}")
    if kind not in _kinds:
        raise Invalid(field="query", reason=f"`{kind[:40]}` cannot be asked here; kinds: {known}")
    return _kinds[kind](Asked(user, project_id, text.strip()))
