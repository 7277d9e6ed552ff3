"""What changed between two texts or two records, line by line, made on the server."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["same", "added", "removed", "skipped"]
CONTEXT = 3
MOST_LINES = 5_000


@dataclass(frozen=True)
class Line:
    """One line of a difference; `parts` marks the words that changed."""

    kind: Kind
    before: int | None
    after: int | None
    parts: tuple[tuple[str, bool], ...]

    @property
    def sign(self) -> str:
        return {"added": "+", "removed": "−"}.get(self.kind, "")


@dataclass(frozen=True)
class Row:
    """One key of two records side by side."""

    key: str
    before: str
    after: str
    kind: Literal["same", "changed", "added", "removed"]


def lines(before: Any, after: Any, around: int = CONTEXT) -> list[Line]:
    """The differing lines with a little of what surrounds them. Records are compared as JSON."""
    old, new = text(before).splitlines(), text(after).splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) > MOST_LINES)
    found: list[Line] = []
    seen = 0
    for group in matcher.get_grouped_opcodes(around):
        skipped = group[0][1] - seen
        if skipped:
            found.append(_skipped(skipped))
        for code in group:
            found.extend(_block(old, new, code))
        seen = group[-1][2]
    if found and seen < len(old):
        found.append(_skipped(len(old) - seen))
    return found


def rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Row]:
    """Every key of two records, for a table side by side."""
    keys = list(dict.fromkeys([*before, *after]))
    return [_row(key, before, after) for key in keys]


def text(value: Any) -> str:
    """A text as it is; anything else as sorted JSON, so that equal records read equal."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, indent=2, sort_keys=True, default=str, ensure_ascii=False)


def _row(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Row:
    if key not in before:
        return Row(key, "", text(after[key]), "added")
    if key not in after:
        return Row(key, text(before[key]), "", "removed")
    same = before[key] == after[key]
    return Row(key, text(before[key]), text(after[key]), "same" if same else "changed")


def _block(old: list[str], new: list[str], code: tuple[str, int, int, int, int]) -> Iterator[Line]:
    tag, i1, i2, j1, j2 = code
    if tag == "equal":
        for offset in range(i2 - i1):
            yield Line("same", i1 + offset + 1, j1 + offset + 1, ((old[i1 + offset], False),))
        return
    paired = min(i2 - i1, j2 - j1) if tag == "replace" else 0
    marked = [_words(old[i1 + at], new[j1 + at]) for at in range(paired)]
    for at in range(i2 - i1):
        parts = marked[at][0] if at < paired else ((old[i1 + at], False),)
        yield Line("removed", i1 + at + 1, None, parts)
    for at in range(j2 - j1):
        parts = marked[at][1] if at < paired else ((new[j1 + at], False),)
        yield Line("added", None, j1 + at + 1, parts)


def _words(old: str, new: str) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]:
    """Both lines cut where they differ; lines with little in common are left whole."""
    matcher = difflib.SequenceMatcher(None, old, new)
    if len(old) + len(new) > 2_000 or matcher.ratio() < 0.5:
        return ((old, False),), ((new, False),)
    codes = matcher.get_opcodes()
    was = tuple((old[i1:i2], tag != "equal") for tag, i1, i2, _, _ in codes if i2 > i1)
    now = tuple((new[j1:j2], tag != "equal") for tag, _, _, j1, j2 in codes if j2 > j1)
    return was, now


def _skipped(count: int) -> Line:
    unit = "line" if count == 1 else "lines"
    return Line("skipped", None, None, ((f"{count} {unit} the same", False),))
