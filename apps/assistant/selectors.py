from __future__ import annotations

from django.db.models import QuerySet

from apps.assistant.models import (
    EvalRun,
    EvalRunQuerySet,
    Exchange,
    ExchangeQuerySet,
    Score,
)
from apps.core.access import Person
from apps.incidents import selectors as incidents
from apps.incidents.models import Incident, IncidentQuerySet


def exchanges(user: Person) -> ExchangeQuerySet:
    """What the person has asked, newest first."""
    return Exchange.objects.visible_to(user).order_by("-pk")


def eval_runs(user: Person) -> EvalRunQuerySet:
    """The evaluations that the person may see, newest first."""
    return EvalRun.objects.visible_to(user).select_related("project")


def scores(run: EvalRun) -> QuerySet[Score]:
    """How each question of an evaluation was answered, what was wrong first."""
    return run.scores.all()


def over(user: Person, project: str) -> IncidentQuerySet:
    """The incidents of a project that are over, newest first: what an evaluation asks about."""
    ended = (Incident.State.RESOLVED, Incident.State.CLOSED)
    return incidents.incidents(user).filter(project__slug=project, state__in=ended)
