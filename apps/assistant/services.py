from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.assistant import checking, planner, wording
from apps.assistant.answers import Answer, Called, Piece, Question, Sentence, Standing
from apps.assistant.evidence.meant import Meant, meant
from apps.assistant.models import Case, Exchange
from apps.assistant.routing import Route, route
from apps.core.errors import PortalError
from apps.core.tools import Found
from apps.incidents.models import Incident
from apps.ledger.services import record

logger = logging.getLogger(__name__)

NO_MODEL = "none"


class Writer(Protocol):
    """Words evidence; what it writes is checked."""

    name: str

    def write(self, question: str, evidence: Sequence[Piece]) -> list[Sentence]: ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """All the evidence there is, numbered: what can be shown before a word is written."""

    evidence: Sequence[Piece]
    calls: Sequence[Called]


Step = Called | Gathered | Sentence | Answer


def ask(question: Question, writer: Writer | None) -> Answer:
    """Gather, word, check. Without a writer, or where it fails, the evidence speaks for itself."""
    *_, answer = steps(question, writer)
    assert isinstance(answer, Answer)
    return answer


def steps(question: Question, writer: Writer | None) -> Iterator[Step]:
    """The same step by step: each tool that answered, the evidence, each sentence that held, the answer."""
    started = time.perf_counter()
    way = route(question)
    about = meant(question.user, way)
    found: list[Found] = []
    calls: list[Called] = []
    for called, records in planner.gather(question, way, about):
        calls.append(called)
        found += records
        yield called
    evidence = planner.numbered(found)
    gathered = time.perf_counter()
    yield Gathered(evidence, calls)
    sentences, model = _worded(question, (way, about), Gathered(evidence, calls), writer)
    yield from sentences
    timings = {"evidence": gathered - started, "wording": time.perf_counter() - gathered}
    yield Answer(sentences, evidence, model, timings, calls)


def _worded(
    question: Question, way: tuple[Route, Meant], gathered: Gathered, writer: Writer | None
) -> tuple[list[Sentence], str]:
    if writer is not None and gathered.evidence:
        try:
            held = _checked(question.text, gathered.evidence, writer)
        except PortalError as error:
            logger.warning("Answered without %s: %s", writer.name, error)
        else:
            if held:
                return held, writer.name
    return wording.word(*way, gathered.evidence, gathered.calls), NO_MODEL


def _checked(text: str, evidence: Sequence[Piece], writer: Writer) -> list[Sentence]:
    """What of a writer's sentences holds; where most of it does not, it is asked once more."""
    first = writer.write(text, evidence)
    held = checking.check(first, evidence)
    if 2 * len(held) > len(first):
        return held
    again = checking.check(
        writer.write(f"{text}\n{_complaint(first, evidence)}", evidence), evidence
    )
    return max(held, again, key=len)


def _complaint(written: Sequence[Sentence], evidence: Sequence[Piece]) -> str:
    """What was wrong with the first attempt, for the second."""
    pieces = {piece.n: piece for piece in evidence}
    wrong = [next(iter(checking.faults(each, pieces)), "") for each in written]
    said = "; ".join(dict.fromkeys(each for each in wrong if each))[:500]
    return f"Write it again. The evidence did not carry: {said or 'anything that was cited'}."


def keep(
    question: Question, answer: Answer, *, by: AbstractUser, project_id: int | None
) -> Exchange:
    """Store a question with its answer and the evidence as it stood."""
    limits = getattr(by, "limits", None)
    return Exchange.objects.create(
        asked_by_id=by.pk,
        token_id=getattr(limits, "token_id", None),
        project_id=project_id,
        question=question.text,
        sentences=[asdict(sentence) for sentence in answer.sentences],
        evidence=[asdict(piece) for piece in answer.evidence],
        model=answer.model,
        timings=answer.timings,
    )


@transaction.atomic
def case_from(exchange: Exchange, *, by: AbstractUser) -> Case:
    """Ask a question again at every evaluation: its answer was no good. One exchange makes one case."""
    answer = Answer([_sentence(each) for each in exchange.sentences], [], exchange.model, {})
    case, made = Case.objects.get_or_create(
        origin=Case.Origin.FEEDBACK,
        origin_id=exchange.pk,
        defaults={
            "project_id": exchange.project_id,
            "question": exchange.question,
            "expected": {"unlike": answer.text},
        },
    )
    if made:
        _told(case, by)
    return case


def _sentence(kept: dict[str, Any]) -> Sentence:
    return Sentence(kept["text"], Standing(kept["standing"]), tuple(kept["citations"]))


@transaction.atomic
def case_from_incident(incident: Incident, *, by: AbstractUser) -> Case:
    """Ask why an incident opened at every evaluation: a right answer cites it and what its pack holds."""
    cites = [f"incident:{incident.pk}"]
    case, made = Case.objects.get_or_create(
        origin=Case.Origin.INCIDENT,
        origin_id=incident.pk,
        defaults={
            "project_id": incident.project_id,
            "question": f"Why did incident #{incident.number} open?",
            "expected": {"cites": cites, "anywhere": True},
        },
    )
    if made:
        _told(case, by)
    return case


def _told(case: Case, by: AbstractUser) -> None:
    record(actor=by, verb="assistant.case_added", subject=case, project_id=case.project_id)
