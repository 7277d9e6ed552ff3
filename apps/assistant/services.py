from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol

from django.contrib.auth.models import AbstractUser

from apps.assistant import checker, planner, wording
from apps.assistant.answers import Answer, Piece, Sentence
from apps.assistant.models import Exchange
from apps.assistant.planner import Question
from apps.core.errors import PortalError

logger = logging.getLogger(__name__)

NO_MODEL = "none"


class Writer(Protocol):
    """Words evidence; what it writes is checked."""

    name: str

    def write(self, question: str, evidence: Sequence[Piece]) -> list[Sentence]: ...


def ask(question: Question, writer: Writer | None) -> Answer:
    """Gather, word, check. Without a writer, or where it fails, the evidence speaks for itself."""
    started = time.perf_counter()
    evidence = planner.gather(question)
    gathered = time.perf_counter()
    sentences, model = _worded(question, evidence, writer)
    timings = {"evidence": gathered - started, "wording": time.perf_counter() - gathered}
    return Answer(sentences, evidence, model, timings)


def _worded(
    question: Question, evidence: list[Piece], writer: Writer | None
) -> tuple[list[Sentence], str]:
    if writer is not None and evidence:
        try:
            held = checker.check(writer.write(question.text, evidence), evidence)
        except PortalError as error:
            logger.warning("Answered without %s: %s", writer.name, error)
        else:
            if held:
                return held, writer.name
    return wording.word(evidence), NO_MODEL


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
