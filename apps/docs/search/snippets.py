"""The stretch of a text that says most about the words looked for, with them marked."""

from __future__ import annotations

from collections.abc import Collection

from apps.docs.search.asks import MARK
from apps.docs.search.tokens import WORD, of_word, parts, terms

WIDTH = 40  # words
LONGEST = 600  # characters
MOST_READ = 20_000  # characters of a passage


def snippet(text: str, wanted: Collection[str]) -> str:
    """About forty words around most of the wanted terms, each found word between the marks."""
    text = text[:MOST_READ].translate({ord(mark): None for mark in MARK})
    words = list(WORD.finditer(text))
    sought = frozenset(wanted)
    found = [len(sought.intersection(of_word(word[0]))) for word in words]
    begin = _densest(found, WIDTH)
    if not words:
        return text[:LONGEST]
    some = range(begin, min(begin + WIDTH, len(words)))
    start = 0 if begin == 0 else words[begin].start()
    end = len(text) if some[-1] == len(words) - 1 else words[some[-1]].end()
    out, at = [], start
    for number in some:
        word = words[number]
        if found[number]:
            out += [text[at : word.start()], MARK[0], word[0], MARK[1]]
            at = word.end()
    return _cut("".join([*out, text[at:end]]).strip())


def _densest(found: list[int], width: int) -> int:
    """Where the stretch of so many words begins that holds most."""
    here = best = sum(found[:width])
    begin = 0
    for start in range(1, max(1, len(found) - width + 1)):
        here += found[start + width - 1] - found[start - 1]
        if here > best:
            best, begin = here, start
    return max(0, begin)


def _cut(marked: str) -> str:
    """At most so long, and no mark left open."""
    if len(marked) <= LONGEST:
        return marked
    short = marked[:LONGEST]
    return short + MARK[1] if short.count(MARK[0]) > short.count(MARK[1]) else short


def word_for(term: str, text: str) -> str:
    """The word of the text whose term this is, as it is written there in small letters."""
    return next((word for word in parts(text) if term in terms(word)), term)
