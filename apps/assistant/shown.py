"""An answer as a page shows it: each sentence beside the pieces of evidence it cites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.assistant.answers import Standing
from apps.assistant.models import Exchange

WORDS = {
    Standing.KNOWN: "",
    Standing.LIKELY: "likely",
    Standing.NOT_IN_RECORDS: "not in the records",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, how far it is carried, and its pieces of evidence."""

    text: str
    standing: str
    pieces: list[dict[str, Any]]


def lines(exchange: Exchange) -> list[Line]:
    """The sentences of an answer that was kept."""
    pieces = {piece["n"]: piece for piece in exchange.evidence}
    return [
        Line(
            sentence["text"],
            WORDS[Standing(sentence["standing"])],
            [pieces[n] for n in sentence["citations"] if n in pieces],
        )
        for sentence in exchange.sentences
    ]
