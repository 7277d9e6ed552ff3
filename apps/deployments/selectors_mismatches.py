"""Differences between wanted and found, and what they are held against."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.core.access import Person
from apps.deployments.models import Deployment, Mismatch, Replica
from apps.models.choices import OutOfBandState
from apps.models.models import Alias, ModelVersion, OutOfBandMove, Promotion
from apps.projects.models import Project


def mismatches(user: Person) -> QuerySet[Mismatch]:
    """What the person may see, newest first."""
    seen = Deployment.objects.visible_to(user)
    found = Mismatch.objects.filter(deployment__in=seen)
    return found.select_related("deployment__project", "deployment__environment", "ended_by")


def open_mismatches(deployment: Deployment) -> QuerySet[Mismatch]:
    """What differs now."""
    return deployment.mismatches.filter(end=Mismatch.End.OPEN)


def followed() -> QuerySet[Deployment]:
    """The deployments on targets whose model servers somebody asked for."""
    rows = Replica.objects.values("release__deployment_id")
    return Deployment.objects.filter(pk__in=rows).exclude(connection=None)


def reconciled() -> QuerySet[Deployment]:
    """The deployments that are looked at: those in projects that are not archived."""
    archived = Project.objects.exclude(archived_at=None)
    return Deployment.objects.exclude(project__in=archived)


def alias_holder(deployment: Deployment) -> ModelVersion | None:
    """The version that belongs into the deployment's environment, as its alias says."""
    name = deployment.environment.name
    held = Alias.objects.filter(model=deployment.model_id, name=name).select_related("version")
    return next((alias.version for alias in held), None)


def alias_is_moving(deployment: Deployment) -> bool:
    """Whether somebody is about to decide where the environment's alias stands."""
    environment = deployment.environment_id
    promotions = Promotion.objects.open().filter(
        environment=environment, version__model=deployment.model_id
    )
    deciding = (OutOfBandState.ADOPTING, OutOfBandState.REVERTING)
    moves = OutOfBandMove.objects.filter(
        environment=environment, model=deployment.model_id, state__in=deciding
    )
    return promotions.exists() or moves.exists()


def undecided_move(deployment: Deployment) -> OutOfBandMove | None:
    """The move of the environment's alias around the portal that nobody has decided on."""
    return OutOfBandMove.objects.filter(
        environment=deployment.environment_id,
        model=deployment.model_id,
        move__name=deployment.environment.name,
        state=OutOfBandState.OPEN,
    ).first()
