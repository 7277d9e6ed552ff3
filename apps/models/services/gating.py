from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.ledger.services import record
from apps.models import errors, gates
from apps.models.models import Gate, RegisteredModel
from apps.models.services.places import check_place
from apps.projects.models import Environment


@transaction.atomic
def declare_gate(
    *,
    model: RegisteredModel,
    environment: Environment,
    kind: str,
    settings: dict[str, Any],
    by: AbstractUser,
) -> Gate:
    """Ask every version of the model for something before it enters the environment."""
    check_place(model.project, environment)
    gate = Gate(project=model.project, model=model, environment=environment, kind=kind)
    gate.settings = gates.checked(kind, settings)
    try:
        with transaction.atomic():
            gate.save(force_insert=True)
    except IntegrityError as error:
        raise errors.GateTaken(environment=environment.name) from error
    _record_gate("models.gate_declared", gate, by)
    return gate


@transaction.atomic
def remove_gate(*, gate: Gate, by: AbstractUser) -> None:
    """Ask for it no more. What it said about earlier versions stays."""
    _record_gate("models.gate_removed", gate, by)
    gate.delete()


def _record_gate(verb: str, gate: Gate, by: AbstractUser) -> None:
    data = {
        "model": gate.model_id,
        "environment": gate.environment_id,
        "kind": gate.kind,
        "settings": gate.settings,
    }
    record(actor=by, verb=verb, subject=gate, project_id=gate.project_id, data=data)
