"""Lets through what the evidence carries, and nothing else.

A sentence needs citations of pieces that exist. It is cut into clauses; each clause needs one sentence of a cited
piece that says all of it: its moments, numbers with unit and noun, names, and every word that says something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.assistant.answers import Piece, Sentence
from apps.assistant.checking import clean, form
from apps.assistant.checking.figures import MOMENT, Figure, figures
from apps.assistant.checking.words import ROLES, head, heads, negated

_CLAUSE = re.compile(r";|,?\s+(?:and|while|but|whereas|as well as)\s+|(?<!\d),\s+|\s[–—-]\s")
_DOER = re.compile(rf"\bby ([\w.-]+)|\b([\w.-]+) (?:has |had )?(?:{'|'.join(ROLES)})\b")
_SEGMENT = re.compile(r"(?<=[.!?])\s+|\n+|;\s+")


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence of a piece, read once."""

    text: str
    words: frozenset[str]
    figures: tuple[Figure, ...]
    moments: frozenset[str]
    title: str


def check(sentences: Sequence[Sentence], evidence: Sequence[Piece]) -> list[Sentence]:
    """The sentences that the evidence carries, each once, in their order."""
    pieces = {piece.n: piece for piece in evidence}
    held: dict[str, Sentence] = {}
    for sentence in sentences:
        tidy = replace(sentence, text=clean.clean(sentence.text))
        if not list(faults(sentence, pieces)):
            held.setdefault(re.sub(r"\W+", " ", tidy.text.casefold()).strip(), tidy)
    return list(held.values())


def faults(sentence: Sentence, pieces: Mapping[int, Piece]) -> Iterator[str]:
    """What is wrong with a sentence; nothing where it holds."""
    if not sentence.citations:
        yield "it cites nothing"
        return
    if missing := [n for n in sentence.citations if n not in pieces]:
        yield f"it cites {missing[0]}, which is not in the evidence"
        return
    text = clean.clean(sentence.text)
    if clean.hides(sentence.text) or clean.commands(text):
        yield "it holds an address, letters that look alike, or an order"
        return
    if form.broken(text, len(heads(text)) + len(figures(text))):
        yield "it is no whole sentence"
        return
    segments = [each for n in dict.fromkeys(sentence.citations) for each in _segments(pieces[n])]
    yield from _unheard(text, segments)


def _segments(piece: Piece) -> Iterator[Segment]:
    """The sentences of a piece; each is read with the piece's title, which names its record."""
    for text in _SEGMENT.split(piece.excerpt):
        # An order that somebody wrote into a record carries nothing: obeying it is no answer.
        if text.strip() and not clean.commands(text):
            said = clean.clean(text)
            yield Segment(
                said,
                frozenset(heads(f"{said} {piece.title}")),
                tuple(figures(said)),
                frozenset(MOMENT.findall(said)),
                piece.title,
            )


def _unheard(text: str, segments: Sequence[Segment]) -> Iterator[str]:
    """Each part of the text that no segment carries."""
    whole = text.strip(" .!")
    if any(not _lacks(whole, segment) for segment in segments):
        return
    parts = [part.strip(" .!") for part in _CLAUSE.split(whole) if part and part.strip(" .!")]
    if len(parts) < 2:
        yield _nearest(whole, segments)
        return
    for part in parts:
        if all(_lacks(part, segment) for segment in segments):
            yield _nearest(part, segments)


def _nearest(part: str, segments: Sequence[Segment]) -> str:
    lacks = [_lacks(part, segment) for segment in segments]
    return min(lacks, key=len, default="anything")


def _lacks(part: str, segment: Segment) -> str:
    """The first thing that a clause says and the segment does not; empty where it says all."""
    for found in (_moment, _figure, _word, _negation, _role, _pairing):
        if lack := found(part, segment):
            return lack
    return ""


def _moment(part: str, segment: Segment) -> str:
    for said in MOMENT.findall(part):
        if not any(
            said == m or said in m.split() or m.startswith(f"{said}:") for m in segment.moments
        ):
            return f"the time {said}"
        if (side := _side(part, said)) and (other := _side(segment.text, said)) and side != other:
            return f"{side} {said}"
    return ""


def _side(text: str, said: str) -> str:
    """On which side of a stretch a moment stands."""
    words = r"(from|to|since|until|before|after|between)\s+(?:\S+\s+)?$"
    found = re.search(words, text.partition(said)[0], re.IGNORECASE)
    return found[1].casefold() if found and said in text else ""


def _figure(part: str, segment: Segment) -> str:
    own = [*segment.figures, *figures(segment.title)]
    for said in figures(part):
        if not said.is_in(own):
            return f"the number {said.text}"
    return ""


def _word(part: str, segment: Segment) -> str:
    words = heads(_without_numbers(part)) - segment.words
    return f"the words {', '.join(sorted(words))}" if words else ""


def _without_numbers(text: str) -> str:
    return re.sub(r"\bv\d+\b", "version", MOMENT.sub(" ", text), flags=re.IGNORECASE)


def _negation(part: str, segment: Segment) -> str:
    """A denial needs one, and what is denied cannot be said plainly; the nearest clauses count."""
    words = heads(_without_numbers(part))
    clauses = [each for each in re.split(r",\s+|;\s+|\s+and\s+", segment.text) if each]
    near = [each for each in clauses if heads(each) & words] or clauses
    best = max((len(heads(each) & words) for each in near), default=0)
    telling = [each for each in near if len(heads(each) & words) == best]
    denied = any(negated(each) for each in telling)
    return "" if negated(part) == denied else "the denial"


def _role(part: str, segment: Segment) -> str:
    """Who did what: the deed nearest to a name is the one nearest to it in the segment."""
    for name in _DOER.findall(part):
        who = (name[0] or name[1]).strip(".").casefold()
        mine, theirs = _deed(part, who), _deed(segment.text, who)
        if mine and theirs and mine != theirs:
            return f"{who} {mine}"
    return ""


def _deed(text: str, who: str) -> str:
    words = re.findall(r"[\w.-]+", text.casefold())
    words = [word.strip(".") for word in words]
    places = [at for at, word in enumerate(words) if word == who]
    deeds = [(at, head(word)) for at, word in enumerate(words) if word in ROLES]
    near = [(abs(at - place), deed) for place in places for at, deed in deeds]
    return min(near)[1] if near else ""


def _pairing(part: str, segment: Segment) -> str:
    """Where a segment tells of several versions, a value belongs to the one in its own clause."""
    labels = {figure.value for figure in segment.figures if figure.label == "version"}
    said = figures(part)
    mine = [each for each in said if each.label == "version"]
    plain = [each for each in said if not each.label]
    if len(labels) < 2 or len(mine) != 1 or not plain:
        return ""
    for clause in re.split(r",\s+|;\s+|\s+and\s+", segment.text):
        own = figures(clause)
        if mine[0].is_in(own) and all(each.is_in(own) for each in plain):
            return ""
    return f"{plain[0].text} for version {mine[0].value:g}"
