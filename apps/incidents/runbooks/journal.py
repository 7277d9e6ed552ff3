"""What every change of a step has in common."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core import live
from apps.incidents.errors import AlreadyResolved, StepOver
from apps.incidents.models import Incident, Step
from apps.ledger.services import record


def locked(step: Step) -> Step:
    """The step, held until the change is over: of two clicks the first decides."""
    joined = Step.objects.select_related(
        "incident__project", "incident__deployment", "incident__alert", "asked_by", "done_by"
    )
    return joined.select_for_update(of=("self",)).get(pk=step.pk)


def require_undone(step: Step) -> None:
    """Refuse what is over already, and say by whom."""
    if step.is_over:
        raise StepOver(state=step.get_state_display(), who=str(step.done_by))


def require_open(incident: Incident) -> None:
    """Refuse to act in an incident that is over."""
    if not incident.is_open:
        raise AlreadyResolved(number=incident.number, state=incident.state)


def note(step: Step, verb: str, by: AbstractUser, data: dict[str, Any] | None = None) -> None:
    """Record a change of a step where its incident's time line is read."""
    told = {"step": step.pk, "position": step.position, **(data or {})}
    incident = step.incident
    record(actor=by, verb=verb, subject=incident, project_id=incident.project_id, data=told)
    live.changed(incident.topic)
