"""Code gathers the evidence: which read tools to ask, in which order, within which bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from apps.assistant.answers import Called, Piece
from apps.assistant.answers import Question as Question
from apps.assistant.evidence.meant import Meant
from apps.assistant.evidence.recipes import RECIPES, Call, wanted
from apps.assistant.evidence.relevance import covers
from apps.assistant.routing import Route
from apps.core.errors import PortalError
from apps.core.tools import TOOLS, Found

MOST_CALLS = 8
MOST_PIECES = 30
SECONDS = 5.0
LONGEST_EXCERPT = 2000


def plan(route: Route, about: Meant) -> list[Call]:
    """The tools to ask, the most telling first; no call stands twice."""
    calls = list(_calls(route, about))
    unique = {(name, tuple(sorted(args.items()))): (name, args) for name, args in calls}
    return list(unique.values())[:MOST_CALLS]


def _calls(route: Route, about: Meant) -> Iterator[Call]:
    chosen = wanted(route)
    for topic in chosen:
        yield from RECIPES[topic](route, about)
    if about.versions or about.runs:
        yield from RECIPES["run"](route, about)
    if not chosen:
        yield "find_passages", {
            "words": route.text, **({"project": route.project} if route.project else {}),
        }  # fmt: skip
        yield from RECIPES["status"](route, about)
        yield from RECIPES["versions"](route, about)


def gather(question: Question, route: Route, about: Meant) -> Iterator[tuple[Called, list[Found]]]:
    """Ask the planned tools as the person asking, one after the other; each answer comes when it is there."""
    deadline = time.monotonic() + SECONDS
    for name, args in plan(route, about):
        started = time.monotonic()
        if started >= deadline:
            yield Called(name, 0.0, 0, missing=True, arguments=_told(args)), []
            continue
        found = ask(name, question, args, deadline - started)
        took = time.monotonic() - started
        called = Called(name, took, len(found or ()), found is None, _told(args))
        yield called, [each for each in found or () if _speaks(each, question.text)]


def _told(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as they are stored beside the answer: moments as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in args.items()
    }


def numbered(found: list[Found]) -> list[Piece]:
    """The records as numbered pieces, each once, with every fact that any tool told of it."""
    kept: dict[tuple[str, str], Found] = {}
    for each in found:
        kept.setdefault((each.kind, each.id), each)
    return [
        Piece(n, r.kind, r.id, r.title, r.url, r.excerpt[:LONGEST_EXCERPT], dict(r.facts))
        for n, r in enumerate(list(kept.values())[:MOST_PIECES], start=1)
    ]


def _speaks(found: Found, asked: str) -> bool:
    """Whether a passage is about the question; every other record was asked for by name."""
    return found.kind != "passage" or covers(asked, f"{found.title} {found.excerpt}")


def ask(name: str, question: Question, args: dict[str, Any], seconds: float) -> list[Found] | None:
    """What one tool found; `None` where it did not answer in time."""
    try:
        with _at_most(seconds):
            answer: list[Found] = TOOLS[name].run(user=question.user, **args)
            return answer
    except PortalError:
        return []  # what the person may not see is no evidence
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        return None


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """No statement inside takes longer; a transaction of its own, so that a broken one harms nothing else."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            limit = str(max(1, int(seconds * 1000)))
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
