"""Text as the terms that search compares: stems, identifiers by their parts and whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from apps.docs.search.stems import stem

WORD = re.compile(r"[^\W_]+(?:[_.:/'-]+[^\W_]+)*")
_BREAK = re.compile(
    r"[_.:/'-]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
)
LONGEST = 64  # characters of a term: more is a key or a blob, which nobody types
MOST_PARTS = 12
STOP = frozenset(
    """
    a about after again all also am an and any are as at be been before being both but by can could
    did do does doing don down during each few for from further got had has have having he her here
    him his how i if in into is isn it its just like ll me more most my no nor not now of off on
    once only or other our out over own re s same she should so some such t than that the their them
    then there these they this those through to too under until up us ve very was we were what when
    where which while who whom why will with would you your
    """.split()  # noqa: SIM905  a list of 130 quoted words reads worse
)


def parts(text: str) -> Iterator[str]:
    """The lower-case words, identifiers cut: `KubePodCrash` is `kube`, `pod`, `crash`, `kubepodcrash`."""
    for found in WORD.finditer(text):
        yield from _cut(found[0])


def terms(text: str) -> list[str]:
    """The terms of a text in their order; common words are left out."""
    return [term for found in WORD.finditer(text) for term in of_word(found[0])]


@lru_cache(maxsize=1 << 15)  # as many words as a large corpus has; each is cut and stemmed once
def of_word(word: str) -> tuple[str, ...]:
    """The terms of one word, as `terms` finds words."""
    return tuple(stem(piece) for piece in _cut(word) if piece not in STOP)


def _cut(word: str) -> Iterator[str]:
    pieces = [piece for piece in _BREAK.split(word)[:MOST_PARTS] if piece]
    yield from (piece.lower()[:LONGEST] for piece in pieces)
    if len(pieces) > 1:
        yield re.sub(r"[_.:/'-]+", "", word).lower()[:LONGEST]


def counted(text: str) -> Counter[str]:
    """How often each term stands in the text."""
    return Counter(terms(text))


def packed(title: str, heading: str, text: str) -> str:
    """The terms of the three fields of a passage, as its row keeps them."""
    return json.dumps([counted(field) for field in (title, heading, text)], ensure_ascii=False)


def unpacked(kept: str) -> list[Counter[str]]:
    """What `packed` kept: the counts for title, heading and text."""
    return [Counter(field) for field in json.loads(kept)]
