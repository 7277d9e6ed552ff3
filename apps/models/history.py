"""Reads of the history: who moved which alias when, and what moved around the portal."""

from __future__ import annotations

from datetime import datetime

from apps.core import access
from apps.core.access import Person, Role
from apps.models.choices import MoveKind
from apps.models.models import (
    AliasMove,
    OutOfBandMove,
    OutOfBandQuerySet,
    ProjectRows,
    RegisteredModel,
)


def moves(user: Person) -> ProjectRows[AliasMove]:
    """Every move of an alias or a stage that the person may see, newest first."""
    found = AliasMove.objects.visible_to(user).select_related(
        "project",
        "model",
        "before__model",
        "after__model",
        "by",
        "promotion__version",
        "promotion__decision__by",
        "out_of_band_case",
    )
    return found.order_by("-pk")


def out_of_band(user: Person) -> OutOfBandQuerySet:
    """Every out-of-band move that the person may see, newest first."""
    found = OutOfBandMove.objects.visible_to(user).select_related(
        "project",
        "model",
        "environment",
        "move__before__model",
        "move__after__model",
        "move__by",
        "rightful__model",
        "decided_by",
        "promotion__version",
    )
    return found.order_by("-pk")


def undecided(user: Person) -> OutOfBandQuerySet:
    """What waits for this person: open moves where they may adopt or revert."""
    mine = access.project_ids(user, Role.MAINTAINER)
    return out_of_band(user).open().filter(project_id__in=mine)


def case(pk: int) -> OutOfBandMove:
    """The out-of-band move for its job."""
    found = OutOfBandMove.objects.select_related("project", "model__project", "move")
    return found.get(pk=pk)


def open_cases(model: RegisteredModel) -> OutOfBandQuerySet:
    """What of a model moved out of band and is neither adopted nor reverted yet."""
    found = OutOfBandMove.objects.filter(model=model).open()
    return found.select_related("environment", "move__before", "move__after", "rightful", "model")


def holders_at(user: Person, at: datetime, environment: str | None) -> list[AliasMove]:
    """For each alias the person may see, the move by which a version held it at a moment."""
    found = AliasMove.objects.visible_to(user).filter(kind=MoveKind.ALIAS, at__lte=at)
    if environment:
        found = found.filter(name=environment)
    newest = found.order_by("model_id", "name", "-at", "-pk").distinct("model_id", "name")
    joined = newest.select_related(
        "project",
        "model",
        "after__model",
        "after__run",
        "promotion__decision__by",
        "out_of_band_case__promotion__decision__by",
    )
    return [move for move in joined if move.after_id is not None]
