"""The stretch of a text that says most about the words looked for, with them marked."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from itertools import accumulate, islice

from apps.docs.search.asks import MARK
from apps.docs.search.tokens import WORD, of_word, parts, terms

WIDTH = 40  # words
LONGEST = 600  # characters
MOST_READ = 20_000  # characters of a passage


class Wanted(dict[str, int]):
    """How many of the wanted terms a word says; a word that comes again is not cut again."""

    def __init__(self, terms: Iterable[str]) -> None:
        super().__init__()
        self._terms = frozenset(terms)

    def __missing__(self, word: str) -> int:
        self[word] = said = len(self._terms.intersection(of_word(word)))
        return said


def snippet(text: str, wanted: Wanted) -> str:
    """About forty words around most of the wanted terms, each found word between the marks."""
    text = text[:MOST_READ].replace(MARK[0], "").replace(MARK[1], "")
    found = [wanted[word] for word in WORD.findall(text)]
    if not found:
        return text[:LONGEST]
    begin = _densest(found, WIDTH)
    words = list(islice(WORD.finditer(text), begin, begin + WIDTH))
    start = 0 if begin == 0 else words[0].start()
    end = len(text) if begin + WIDTH >= len(found) else words[-1].end()
    out, at = [], start
    for word in words:
        if wanted[word[0]]:
            out += [text[at : word.start()], MARK[0], word[0], MARK[1]]
            at = word.end()
    return _cut("".join([*out, text[at:end]]).strip())


def _densest(found: list[int], width: int) -> int:
    """Where the stretch of so many words begins that holds most."""
    until = list(accumulate(found, initial=0))
    held = list(map(operator.sub, until[width:], until))
    return held.index(max(held)) if held else 0


def _cut(marked: str) -> str:
    """At most so long, and no mark left open."""
    if len(marked) <= LONGEST:
        return marked
    short = marked[:LONGEST]
    return short + MARK[1] if short.count(MARK[0]) > short.count(MARK[1]) else short


def word_for(term: str, text: str) -> str:
    """The word of the text whose term this is, as it is written there in small letters."""
    spoken = (word[0] for word in WORD.finditer(text) if term in of_word(word[0]))
    return next((part for word in spoken for part in parts(word) if term in terms(part)), term)
