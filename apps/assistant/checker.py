"""Lets through what the evidence carries, and nothing else.

A sentence needs citations of pieces that exist. Each number, date, time, identifier and name in it must
stand in the cited pieces, and most of its other words too. What fails is dropped, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from apps.assistant.answers import Piece, Sentence

_CITATION = re.compile(r"\[(\d{1,4})\]")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
_VERSION = re.compile(r"\bv(\d+)\b", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2})?")
_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*(?:[_./-]\w+)+\b|\b[a-z]+[A-Z]\w*\b|\b[A-Z]{2,}-\d+\b")
_NAME = re.compile(r"(?<=[^\s.!?:] )[A-Z][a-z]+\b")
_WORD = re.compile(r"[a-z]{4,}")
# Words that say nothing about the world.
_PLAIN = frozenset(
    """
    about according after again also because been before being between both cannot could
    does doing done down each evidence first from given goes have having here into itself
    just likely made make many more most much next only other over record records same
    says seems shall should shows since some such than that their them then there
    therefore these they this those through under until very want were what when where
    which while will with within would your yours
    """.split()  # noqa: SIM905  words read better without quotes
)
CARRIED = 0.6  # the least share of plain words that the cited pieces must hold


def cited(text: str) -> tuple[str, tuple[int, ...]]:
    """A written sentence without its `[n]` marks, and the numbers in them."""
    numbers = tuple(dict.fromkeys(int(found) for found in _CITATION.findall(text)))
    return re.sub(r"\s+([.,;!?])", r"\1", _CITATION.sub("", text)).strip(), numbers


def check(sentences: Sequence[Sentence], evidence: Sequence[Piece]) -> list[Sentence]:
    """The sentences that the evidence carries, in their order."""
    pieces = {piece.n: piece for piece in evidence}
    return [sentence for sentence in sentences if not list(faults(sentence, pieces))]


def faults(sentence: Sentence, pieces: Mapping[int, Piece]) -> Iterator[str]:
    """What is wrong with a sentence; nothing where it holds."""
    if not sentence.citations:
        yield "it cites nothing"
        return
    if missing := [n for n in sentence.citations if n not in pieces]:
        yield f"it cites {missing[0]}, which is not in the evidence"
        return
    source = " ".join(
        f"{p.title} {p.excerpt}" for n, p in pieces.items() if n in sentence.citations
    )
    yield from _unheard(sentence.text, source)


def _unheard(text: str, source: str) -> Iterator[str]:
    """Each thing that the text says and the source does not."""
    low = source.casefold()
    for moment in _MOMENT.findall(text):
        if moment not in source:
            yield f"the time {moment}"
    for number in _numbers(text):
        if not _carries(source, number):
            yield f"the number {number}"
    for name in {*_IDENTIFIER.findall(text), *_NAME.findall(text)}:
        if name.casefold() not in low:
            yield f"the name {name}"
    words = {word for word in _WORD.findall(text.casefold()) if word not in _PLAIN}
    held = {word for word in words if _stem(word) in low}
    if words and len(held) / len(words) < CARRIED:
        yield f"the words {', '.join(sorted(words - held))}"


def _numbers(text: str) -> list[str]:
    without = _MOMENT.sub(" ", text)
    return [n.replace(",", "") for n in _NUMBER.findall(without)] + _VERSION.findall(without)


def _carries(source: str, number: str) -> bool:
    """Whether the source has the number, as written or more exactly."""
    wanted = float(number)
    decimals = len(number.partition(".")[2])
    return any(round(float(found), decimals) == wanted for found in _numbers(source))


def _stem(word: str) -> str:
    """The word without its ending, so that `moved` finds `moves`."""
    for ending in ("ings", "ing", "ied", "ies", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
