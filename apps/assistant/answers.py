"""What goes between the steps of an answer. No database, no language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How far a sentence is carried by the records."""

    KNOWN = "known"
    LIKELY = "likely"
    NOT_IN_RECORDS = "not_in_records"


@dataclass(frozen=True, slots=True)
class Piece:
    """One numbered piece of evidence: a record, or the passage of a document."""

    n: int
    kind: str
    id: str
    title: str
    url: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, with the numbers of the pieces that carry it."""

    text: str
    standing: Standing
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer; `timings` are in seconds by step."""

    sentences: Sequence[Sentence]
    evidence: Sequence[Piece]
    model: str
    timings: dict[str, float]

    @property
    def text(self) -> str:
        """The answer to read, with its citations."""
        return " ".join(
            sentence.text + "".join(f" [{n}]" for n in sentence.citations)
            for sentence in self.sentences
        )
