"""What a query looks like, and what counts for its kind: a name, a sentence of an alert, a question of a person."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from apps.docs.search.lexical import Weighing
from apps.docs.search.synonyms import akin
from apps.docs.search.tokens import counted

MOST_TERMS = 40
MOST_OF_A_NAME = 8  # different terms: beyond that it is a sentence
_QUESTION = re.compile(
    r"\?|\b(i|my|we|our|me|us)\b|^(how|what|why|where|which|who|when|can|does|do|is|are|should)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Route:
    """How the signs are added up. The weights were fitted by `python -m bench search`.

    `page`: all passages of the page together; `row`: the best passage; `asked`: the share of the query in the title;
    `titled`: the share of the title in the query; `meaning`: the cosine of the best passage and of the page.
    """

    name: str
    how: Weighing
    page: float
    row: float
    asked: float
    titled: float
    meaning: float
    synonyms: float = 0.0

    def most(self, semantic: bool) -> float:
        """The highest sum there can be."""
        whole = self.page + self.row + self.asked + self.titled
        return whole + 2 * self.meaning if semantic else whole


_RECORD = Weighing(fields=(4, 2, 1), by_length=(0.3, 0.3, 0.75), enough=3)
_PROSE = Weighing(fields=(1.5, 1, 1), by_length=(0.3, 0.3, 0.75), enough=1.2)
NAME = Route("name", _RECORD, page=1, row=0.5, asked=0.2, titled=0.2, meaning=0.3)
SENTENCE = Route("sentence", _RECORD, page=1, row=0.5, asked=0.2, titled=0, meaning=0.3)
QUESTION = Route("question", _PROSE, page=1, row=0.4, asked=0, titled=0, meaning=0.5, synonyms=0.15)


def weighed(words: str) -> dict[str, float]:
    """The terms of a query with how much each counts: once more often, a little more."""
    found = counted(words).most_common(MOST_TERMS)
    return {term: 1 + math.log(times) for term, times in found}


def route(words: str, asked: dict[str, float]) -> Route:
    """What the query looks like."""
    if _QUESTION.search(words):
        return QUESTION
    return NAME if len(asked) <= MOST_OF_A_NAME else SENTENCE


def widened(asked: dict[str, float], way: Route) -> dict[str, float]:
    """The terms, and what others call the same, where the route wants it."""
    if not way.synonyms:
        return asked
    wide = dict(asked)
    for term, weight in asked.items():
        for other in akin(term) - asked.keys():
            wide[other] = max(wide.get(other, 0), way.synonyms * weight)
    return wide
