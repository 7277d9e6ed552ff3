"""Records of other apps, found in their own tables by name, under the rights of the query set that is given.

One query reads all tables: of each record its id and the few texts that it is shown by.
"""

from __future__ import annotations

import functools
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from apps.docs.search.asks import MARK, Hit, Query

M = TypeVar("M", bound=Model)
MOST_WORDS = 8  # more is a sentence, which no record is called
MOST_TEXTS = 3
MOST_READ = 50  # the newest records that hold every word are ranked
EXACT, BEGINS, WHOLE_WORDS, HOLDS, BESIDE = 1.0, 0.9, 0.8, 0.6, 0.4


class Shown(NamedTuple):
    """How a record is shown: its name, what is said of it, its page."""

    name: str
    about: str
    url: str


class Found(NamedTuple):
    """A record as it was read: its id, and up to three texts as its source asked for them."""

    pk: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Face:
    """Which texts are read of a record, and how it is shown by them."""

    texts: Sequence[str]
    show: Callable[[Found], Shown]


@dataclass(frozen=True, slots=True)
class Records:
    """What a source offers: the records that hold every word, not read yet."""

    kind: str
    rows: QuerySet[Any]
    words: list[str]
    face: Face

    def read(self) -> QuerySet[Any, tuple[Any, ...]]:
        """The newest of them as rows of the same shape for every source."""
        texts = [Cast(name, TextField()) for name in self.face.texts]
        padding = [Value("", TextField())] * (MOST_TEXTS - len(texts))
        return self.rows.order_by("-pk").values_list(Value(self.kind), "pk", *texts, *padding)[
            :MOST_READ
        ]

    def shown(self, found: Iterable[Found]) -> list[Hit]:
        """These of them, those called so first."""
        hits = [_hit(self.kind, each.pk, self.face.show(each), self.words) for each in found]
        return sorted(hits, key=lambda hit: -hit.score)


def find(
    query: Query,
    rows: QuerySet[M],
    *,
    kind: str,
    fields: Sequence[str],
    face: Face,
) -> Records:
    """The records whose fields hold every word. `rows` must be what the person may see."""
    words = query.clean.lower().split()
    if not words or len(words) > MOST_WORDS:
        return Records(kind, rows.none(), words, face)
    each = [_any(fields, word) for word in words]
    found = rows.filter(functools.reduce(operator.and_, each))
    if query.project:
        found = found.filter(project__slug=query.project)
    return Records(kind, found, words, face)


def hits(sought: Sequence[Records], most: int) -> list[Hit]:
    """The best hits of each kind, at most so many of one."""
    read = _read([each for each in sought if not each.rows.query.is_empty()])
    return [hit for each in sought for hit in each.shown(read[each.kind])[:most]]


def _read(sought: Sequence[Records]) -> dict[str, list[Found]]:
    """The newest records of each kind, newest first."""
    found: dict[str, list[Found]] = defaultdict(list)
    if sought:
        first, *others = (each.read() for each in sought)
        for kind, pk, *texts in first.union(*others, all=True):
            found[kind].append(Found(pk, tuple(text or "" for text in texts)))
    for rows in found.values():
        rows.sort(key=lambda each: -each.pk)
    return found


def _any(fields: Sequence[str], word: str) -> Q:
    return functools.reduce(operator.or_, (Q(**{f"{name}__icontains": word}) for name in fields))


def _hit(kind: str, pk: int, shown: Shown, words: list[str]) -> Hit:
    score = _fit(shown.name.lower(), words)
    return Hit(kind, pk, None, shown.name, _marked(shown.about, words), score, shown.url)


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
