"""The facts that answer a question, the one that was asked for first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from apps.assistant.answers import Piece, Sentence, Standing
from apps.assistant.evidence.recipes import COUNTED, COUNTS, FACTS, wanted
from apps.assistant.routing import Route, topics
from apps.assistant.routing.words import alike

MOST_OF_A_TOPIC = 6


def answering(route: Route, evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """The sentences that answer, the surest first."""
    yield from _values(route, evidence)
    for keys in _keys(route):
        found = list(saying(keys, evidence))
        yield from found[:MOST_OF_A_TOPIC]
        if found and keys != FACTS["compare"]:
            break  # the first topic that is answered is the answer
    yield from saying(("contradiction",), evidence)


def _keys(route: Route) -> Iterator[tuple[str, ...]]:
    if "count" in route.topics:
        noun = topics.counted(route.text)
        yield COUNTS.get(noun) or FACTS.get(COUNTED.get(noun, ""), ())
        return
    for topic in wanted(route):
        yield FACTS.get(topic, ())
    if not route.topics:
        yield from (FACTS["status"], FACTS["versions"]) if not route.attribute else ()


def saying(keys: tuple[str, ...], evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """The first of the keys that any piece says, by every piece that says it."""
    for key in keys:
        found = [
            Sentence(text, Standing.KNOWN, (piece.n,))
            for piece in evidence
            for name, text in piece.facts.items()
            if name == key or (key.endswith(":") and name.startswith(key))
        ]
        if found:
            yield from found
            return


def _values(route: Route, evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """The metrics, params and roles whose names stand in the question."""
    asked, grade = _bare(route.text).split(), topics.grade(route.text)
    for piece in evidence:
        for name, text in piece.facts.items():
            group, _, key = name.partition(":")
            graded = group == "metric" and bool(grade) and key.casefold().startswith(grade)
            named = graded or _in(_bare(key).split(), asked)
            if group in {"metric", "param", "role"} and named:
                yield Sentence(text, Standing.KNOWN, (piece.n,))


def valued(route: Route, evidence: Sequence[Piece]) -> bool:
    """Whether the property that is asked for is there."""
    return any(True for _ in _values(route, evidence))


def _in(name: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether the words of a name follow one another, the last in any form."""
    size = len(name)
    return size > 0 and any(
        [*asked[at : at + size - 1]] == [*name[:-1]] and alike(asked[at + size - 1], name[-1])
        for at in range(len(asked) - size + 1)
    )


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()
