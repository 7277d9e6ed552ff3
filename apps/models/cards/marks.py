"""Markdown from values: whatever a record says stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~&])")
# What would begin a list, where a value begins a line.
LIST_LIKE = re.compile(r"^(\d*)([-+=.)])(?=[-=\s]|$)")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
LONGEST = 2000


def text(value: object) -> str:
    """One value as a piece of a line."""
    plain = CONTROL.sub(" ", "" if value is None else str(value)).strip()[:LONGEST]
    return LIST_LIKE.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", plain))


def figure(value: object) -> str:
    """A number with the digits that matter."""
    return text(f"{value:.6g}" if isinstance(value, float) else value)


def moment(at: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return text(stamp(at)) if at else "not yet"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are pieces made above; nothing where there are no rows."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(head), _line(["---"] * len(head)), *lines]) if lines else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell or ' ' for cell in cells)} |"


def stamp(at: datetime) -> str:
    """A time in UTC as people read it, for text that is no Markdown."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
