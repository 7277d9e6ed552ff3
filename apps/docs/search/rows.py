"""Records of other apps, found in their own tables by name, under the rights of the query set that is given."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet

from apps.docs.search.asks import MARK, Hit, Query

M = TypeVar("M", bound=Model)
MOST_WORDS = 8  # more is a sentence, which no record is called
MOST_READ = 50  # the newest records that hold every word are ranked
EXACT, BEGINS, WHOLE_WORDS, HOLDS, BESIDE = 1.0, 0.9, 0.8, 0.6, 0.4


class Shown(NamedTuple):
    """How a record is shown: its name, what is said of it, its page."""

    name: str
    about: str
    url: str


def find(
    query: Query,
    rows: QuerySet[M],
    *,
    kind: str,
    fields: Sequence[str],
    show: Callable[[M], Shown],
) -> list[Hit]:
    """The records whose fields hold every word, those called so first. `rows` must be what the person may see."""
    words = query.clean.lower().split()
    if not words or len(words) > MOST_WORDS:
        return []
    each = [_any(fields, word) for word in words]
    found = rows.filter(functools.reduce(operator.and_, each))
    if query.project:
        found = found.filter(project__slug=query.project)
    hits = [_hit(kind, row, show(row), words) for row in found.order_by("-pk")[:MOST_READ]]
    return sorted(hits, key=lambda hit: -hit.score)[: query.most]


def _any(fields: Sequence[str], word: str) -> Q:
    return functools.reduce(operator.or_, (Q(**{f"{name}__icontains": word}) for name in fields))


def _hit(kind: str, row: Model, shown: Shown, words: list[str]) -> Hit:
    score = _fit(shown.name.lower(), words)
    return Hit(kind, row.pk, None, shown.name, _marked(shown.about, words), score, shown.url)


def _fit(name: str, words: list[str]) -> float:
    asked = " ".join(words)
    if name == asked:
        return EXACT
    if name.startswith(asked):
        return BEGINS
    if set(words) <= set(re.split(r"[\W_]+", name)):
        return WHOLE_WORDS
    return HOLDS if all(word in name for word in words) else BESIDE


def _marked(text: str, words: list[str]) -> str:
    clean = text.translate({ord(mark): None for mark in MARK})[:300]
    pattern = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.sub(f"({pattern})", rf"{MARK[0]}\1{MARK[1]}", clean, flags=re.IGNORECASE)
