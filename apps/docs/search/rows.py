"""Records of other apps, found in their own tables by name, under the rights of the query set that is given.

One query asks all tables which records there are; only tables that have some are read.
"""

from __future__ import annotations

import functools
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet, Value

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


@dataclass(frozen=True, slots=True)
class Records:
    """What a source offers: the records that hold every word, not read yet."""

    kind: str
    rows: QuerySet[Any]
    words: list[str]
    show: Callable[[Any], Shown]

    def among(self, ids: Iterable[int]) -> list[Hit]:
        """These of the records, those called so first."""
        found = self.rows.filter(pk__in=ids).order_by("-pk")
        hits = [_hit(self.kind, row, self.show(row), self.words) for row in found]
        return sorted(hits, key=lambda hit: -hit.score)


def find(
    query: Query,
    rows: QuerySet[M],
    *,
    kind: str,
    fields: Sequence[str],
    show: Callable[[M], Shown],
) -> Records:
    """The records whose fields hold every word. `rows` must be what the person may see."""
    words = query.clean.lower().split()
    if not words or len(words) > MOST_WORDS:
        return Records(kind, rows.none(), words, show)
    each = [_any(fields, word) for word in words]
    found = rows.filter(functools.reduce(operator.and_, each))
    if query.project:
        found = found.filter(project__slug=query.project)
    return Records(kind, found, words, show)


def hits(sought: Sequence[Records], most: int) -> list[Hit]:
    """The best hits of each kind, at most so many of one."""
    ids = _ids([each for each in sought if not each.rows.query.is_empty()])
    return [hit for each in sought if ids[each.kind] for hit in each.among(ids[each.kind])[:most]]


def _ids(sought: Sequence[Records]) -> dict[str, list[int]]:
    """The newest records of each kind."""
    found: dict[str, list[int]] = defaultdict(list)
    if sought:
        first, *others = (
            each.rows.order_by("-pk").values_list(Value(each.kind), "pk")[:MOST_READ]
            for each in sought
        )
        for kind, pk in first.union(*others, all=True):
            found[kind].append(pk)
    return found


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
