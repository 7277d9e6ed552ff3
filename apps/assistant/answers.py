"""What goes between the steps of an answer. No database, no language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apps.core.access import Person


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks what, where. `page` is `{kind, id}` of the record on the page."""

    user: Person
    text: str
    project: str | None = None
    page: dict[str, str] = field(default_factory=dict)


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
    # Its sentences by what they answer.
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Called:
    """One read tool that was asked; `by` is the plan, or the model that wished for it.

    `missing`: it did not answer in time. `wrong`: why it was not asked at all. Moments in the arguments are text.
    """

    name: str
    seconds: float
    found: int
    missing: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    by: str = "plan"
    wrong: str = ""


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
    calls: Sequence[Called] = ()

    @property
    def text(self) -> str:
        """The answer to read, with its citations."""
        return " ".join(
            sentence.text + "".join(f" [{n}]" for n in sentence.citations)
            for sentence in self.sentences
        )
