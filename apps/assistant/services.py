"""What a wrong answer and a closed incident leave behind: cases that are asked at every evaluation."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.assistant.answers import Answer, Sentence, Standing
from apps.assistant.models import Case, Exchange
from apps.incidents.models import Incident
from apps.ledger.services import record


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
