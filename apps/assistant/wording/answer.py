"""The whole answer: first what was asked, then what supports it, or that the records do not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from apps.assistant.answers import Called, Piece, Sentence, Standing
from apps.assistant.checking import commands
from apps.assistant.evidence.meant import Meant
from apps.assistant.evidence.recipes import wanted
from apps.assistant.routing import Route
from apps.assistant.routing.topics import topics
from apps.assistant.wording import facts, story
from apps.core.tools import TOOLS

NOTHING = "The records that you may see say nothing about this."
MOST_SENTENCES = 20
# Kinds of records: asking which one is no question after a property.
RECORDS = ("version", "model", "run", "deployment", "document", "person", "record")


def word(
    route: Route, about: Meant, evidence: Sequence[Piece], called: Sequence[Called]
) -> list[Sentence]:
    """One right sentence first, each with its source; what is not there is said."""
    lost = list(_lost(route, about))
    if lost and _all_lost(route, about):
        return [*lost, *_late(called)]
    known = list(_without_orders(_known(route, evidence)))
    if not known:
        return [*(lost or [_nothing(called)]), *_late(called)]
    return [*lost, *_lacking(route, evidence), *known[:MOST_SENTENCES], *_late(called)]


def _known(route: Route, evidence: Sequence[Piece]) -> Iterator[Sentence]:
    chosen = wanted(route)
    if {"next", "well"} & set(chosen):
        yield from story.standing(evidence)
    elif "changed" in chosen:
        yield from story.changes(evidence)
    elif "why" in chosen:
        yield from story.story(evidence)
    elif "howto" in chosen:
        yield from story.steps(evidence)
    else:
        found = list(facts.answering(route, evidence))
        yield from found or story.steps(evidence)


def _without_orders(found: Iterable[Sentence]) -> Iterator[Sentence]:
    """Each sentence once, without those in which a record gives orders."""
    seen: set[str] = set()
    for sentence in found:
        if sentence.text not in seen and not commands(sentence.text):
            seen.add(sentence.text)
            yield sentence


def _lost(route: Route, about: Meant) -> Iterator[Sentence]:
    names = ", ".join(dict.fromkeys([*route.named.unknown, *about.missing]))
    if names:
        yield Sentence(
            f"The records that you may see hold nothing named {names}.",
            Standing.NOT_IN_RECORDS,
            (),
        )


def _all_lost(route: Route, about: Meant) -> bool:
    """Whether everything that was named is missing, so that no other record may stand in for it."""
    if about.missing and not about.versions:
        return True
    named = route.named
    rest = (
        named.deployments,
        named.models,
        named.runs,
        named.incidents,
        named.monitors,
        named.connections,
    )
    return bool(named.unknown) and not any(rest)


def _lacking(route: Route, evidence: Sequence[Piece]) -> Iterator[Sentence]:
    """Where a property was asked for that no record has."""
    strong = [each for each in wanted(route) if each not in {"serves", "status", "release"}]
    noun = route.attribute.rpartition(" ")[2].rstrip("s")
    if noun in {"", *RECORDS} or strong or topics(route.attribute) or _names_record(route):
        return
    if not facts.valued(route, evidence):
        text = f"The records that you may see say nothing about the {route.attribute}."
        yield Sentence(text, Standing.NOT_IN_RECORDS, ())


def _names_record(route: Route) -> bool:
    """Whether the property is a record's own name, as in `what is tumour`."""
    named = route.named
    own = {*named.deployments, *(name.casefold() for _, name in (*named.models, *named.runs))}
    return any(part in own for part in route.attribute.split())


def _nothing(called: Sequence[Called]) -> Sentence:
    looked = ", ".join(TOOLS[each.name].label for each in called if not each.missing)
    text = f"{NOTHING} Looked at: {looked}." if looked else NOTHING
    return Sentence(text, Standing.NOT_IN_RECORDS, ())


def _late(called: Sequence[Called]) -> Iterator[Sentence]:
    """What did not answer in time is said: an answer without it is not whole."""
    if late := [TOOLS[each.name].label for each in called if each.missing]:
        text = f"Not looked at in time: {', '.join(late)}."
        yield Sentence(text, Standing.NOT_IN_RECORDS, ())
