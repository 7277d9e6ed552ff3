"""An answer as a page shows it: each sentence beside the pieces of evidence it cites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from apps.assistant import sight
from apps.assistant.access import is_own
from apps.assistant.answers import Standing
from apps.assistant.models import Exchange, Proposal
from apps.core.access import Person

WORDS = {
    Standing.KNOWN: "",
    Standing.LIKELY: "likely",
    Standing.NOT_IN_RECORDS: "not in the records",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, how far it is carried, and its pieces of evidence."""

    text: str
    carried: Standing
    pieces: list[dict[str, Any]]

    @property
    def standing(self) -> str:
        """How far it is carried, in words; nothing where a record says it."""
        return WORDS[self.carried]


@dataclass(frozen=True, slots=True)
class Shown:
    """One question with its answer, as far as the reader may see it."""

    exchange: Exchange
    own: bool
    lines: list[Line]
    evidence: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    hidden: int
    proposals: list[Proposal]


def shown(exchange: Exchange, reader: Person) -> Shown:
    """The whole of one's own answer; of somebody else's, what rests on records that the reader may see."""
    own = is_own(reader, exchange)
    evidence = exchange.evidence
    if not own:
        may = sight.seen(reader, evidence)
        evidence = [piece for piece in evidence if piece["n"] in may]
    told = list(_told(exchange.sentences, evidence, own=own))
    return Shown(
        exchange=exchange,
        own=own,
        lines=list(_lines(told, evidence)),
        evidence=evidence,
        calls=exchange.calls if own else [],
        hidden=len(exchange.sentences) - len(told),
        proposals=list(_proposals(exchange, reader)),
    )


def all_shown(exchanges: Iterable[Exchange], reader: Person) -> list[Shown]:
    """Each of them."""
    return [shown(exchange, reader) for exchange in exchanges]


def _told(
    sentences: list[dict[str, Any]], evidence: list[dict[str, Any]], *, own: bool
) -> Iterator[dict[str, Any]]:
    """A sentence is shown where every record that it rests on is."""
    numbers = {piece["n"] for piece in evidence}
    for sentence in sentences:
        if own or set(sentence["citations"]) <= numbers:
            yield sentence


def _lines(sentences: list[dict[str, Any]], evidence: list[dict[str, Any]]) -> Iterator[Line]:
    pieces = {piece["n"]: piece for piece in evidence}
    for sentence in sentences:
        cited = [pieces[n] for n in sentence["citations"] if n in pieces]
        yield Line(sentence["text"], Standing(sentence["standing"]), cited)


def _proposals(exchange: Exchange, reader: Person) -> Iterable[Proposal]:
    found = Proposal.objects.visible_to(reader).filter(exchange=exchange)
    return found.select_related("project", "proposed_by")


def markdown(each: Shown) -> str:
    """The question and its answer as Markdown, with the sources below."""
    lines = [f"**{_plain(each.exchange.question)}**", ""]
    for line in each.lines:
        marks = "".join(f" [{piece['n']}]" for piece in line.pieces)
        lines.append(f"{_plain(line.text)}{marks}")
    lines += ["", *(f"{p['n']}. {_plain(p['title'])}: {p['url']}" for p in each.evidence)]
    return "\n".join(lines).strip() + "\n"


def _plain(text: str) -> str:
    """Text that cannot become a link or HTML where the Markdown is pasted."""
    for sign in "\\<>[]`*_!":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
