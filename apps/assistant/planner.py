"""Code gathers the evidence: which read tools to ask, in which order, within which bounds."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.assistant.answers import Piece
from apps.core.access import Person
from apps.core.errors import PortalError
from apps.core.tools import TOOLS, Found

MOST_CALLS = 8
MOST_PIECES = 30
SECONDS = 5.0
LONGEST_EXCERPT = 2000

_WHY = re.compile(
    r"\b(why|wrong|worse|broke|broken|fail|drift|alert|incident|happen|cause|since)", re.I
)
_SERVES = re.compile(r"\b(live|serv|deployed|version|release|production|prod|approv|roll)", re.I)
_HOW = re.compile(r"\b(how|what (do|should|can)|runbook|step|fix|mitigat|do i)\b", re.I)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks what, where. `page` is `{kind, id}` of the record on the page."""

    user: Person
    text: str
    project: str | None = None
    page: dict[str, str] = field(default_factory=dict)


Call = tuple[str, dict[str, Any]]


def plan(question: Question) -> list[Call]:
    """The tools to ask, the most telling first; no call stands twice."""
    calls = list(_calls(question))
    unique = {(name, tuple(sorted(args.items()))): (name, args) for name, args in calls}
    return list(unique.values())[:MOST_CALLS]


def _calls(question: Question) -> Iterator[Call]:
    where = {"project": question.project} if question.project else {}
    asked = question.text
    if question.page.get("kind") == "incident" and question.page.get("id", "").isdigit():
        yield "incident_evidence", {"incident_id": int(question.page["id"])}
    if _WHY.search(asked):
        yield "newest_incident_evidence", where
        yield "alerts_now", where
    if _SERVES.search(asked) or _WHY.search(asked):
        yield "serving_now", where
    if _HOW.search(asked) or not (_WHY.search(asked) or _SERVES.search(asked)):
        yield "find_passages", {"words": asked, **where}


def gather(question: Question) -> list[Piece]:
    """Ask the planned tools as the person asking; what they may not see is not found."""
    deadline = time.monotonic() + SECONDS
    found: dict[tuple[str, str], Found] = {}
    for name, args in plan(question):
        if time.monotonic() > deadline:
            break
        for record in _ask(name, question.user, args):
            found.setdefault((record.kind, record.id), record)
    return [
        Piece(n, r.kind, r.id, r.title, r.url, r.excerpt[:LONGEST_EXCERPT])
        for n, r in enumerate(list(found.values())[:MOST_PIECES], start=1)
    ]


def _ask(name: str, user: Person, args: dict[str, Any]) -> list[Found]:
    try:
        answer: list[Found] = TOOLS[name].run(user=user, **args)
    except PortalError:
        return []  # what the person may not see is no evidence
    return answer
