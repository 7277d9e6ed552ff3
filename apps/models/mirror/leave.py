"""Puts away what the mirror holds of a server that a project leaves.

Names and numbers begin anew on the next server. So that nothing said about the old version 1 is taken to
be about the new one, what is known stays with rows that no answer of the next server's can reach.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from apps.accounts.models import User
from apps.models.choices import Lifecycle, OutOfBandState
from apps.models.mirror import moves, registry
from apps.models.mirror.moves import Cause
from apps.models.models import Card, Experiment, OutOfBandMove, RegisteredModel, Run
from apps.models.models.runs import PAST
from apps.projects.models import Project

# How a model that was put away ends its name.
LEFT = r" \(left \d{4}-\d\d-\d\d, #\d+\)$"
# What a model keeps under its name, wherever that lives.
PROFILE = ("purpose", "owner_id", "deputy_id", "risk_class", "licence")


@transaction.atomic
def leave(project: Project, *, by: User) -> None:
    """Put every run and every model of the project's away. Their history stays with them."""
    Run.objects.filter(project=project).update(lifecycle=Lifecycle.DELETED)
    present = Experiment.objects.filter(project=project).exclude(mlflow_id__startswith=PAST)
    numbered = Concat(Value(PAST), Cast(F("pk"), CharField()))
    present.update(lifecycle=Lifecycle.DELETED, mlflow_id=numbered)
    for model in RegisteredModel.objects.filter(project=project).exclude(name__regex=LEFT):
        _put_away(model, by)
    for case in OutOfBandMove.objects.filter(project=project).open():
        moves.end(case, OutOfBandState.OVERTAKEN, by=by)


def _put_away(model: RegisteredModel, by: User) -> None:
    """The model under another name, without aliases; its own name goes on with what was asked of it."""
    cause = Cause(by, leaves=True)
    for alias in list(model.aliases.all()):
        registry.drop(model, alias.name, cause)
    for version in model.versions.exclude(stage=""):
        registry.change_stage(version, "", cause)
    registry.remove_model(model, by=by)
    name, now = model.name, timezone.now()
    left = f"{name[:200]} (left {now:%Y-%m-%d}, #{model.pk})"
    RegisteredModel.objects.filter(pk=model.pk).update(name=left, updated_at=now)
    _go_on(model, name)


def _go_on(model: RegisteredModel, name: str) -> None:
    """Profile, card and gates wait under the name: they hold from the first version on."""
    profile = {field: getattr(model, field) for field in PROFILE}
    heir = RegisteredModel.objects.create(
        project_id=model.project_id, name=name, deleted_at=timezone.now(), **profile
    )
    model.gates.update(model=heir)
    Card.objects.filter(model=model).update(model=heir)
