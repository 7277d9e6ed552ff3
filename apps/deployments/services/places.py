from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.errors import Invalid
from apps.deployments.errors import DeploymentRetired, NotRetired, ReleaseInProgress, SlugTaken
from apps.deployments.models import Deployment, Release, Replica, ServedSpan
from apps.deployments.services.telling import routes_changed
from apps.integrations.models import Connection
from apps.ledger.services import record
from apps.models.models import RegisteredModel
from apps.projects.models import Environment


@transaction.atomic
def create_deployment(
    *,
    environment: Environment,
    model: RegisteredModel,
    slug: str,
    by: AbstractUser,
    connection: Connection | None = None,
) -> Deployment:
    """Name a place where one model is served: on a connection's target, or by this machine."""
    deployment = Deployment(
        project_id=environment.project_id,
        environment=environment,
        model=model,
        slug=slug,
        connection=connection,
        created_by_id=by.pk,
    )
    try:
        with transaction.atomic():
            deployment.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken(slug=slug) from error
    _record(
        "deployments.created", deployment, by, {"environment": environment.pk, "model": model.pk}
    )
    return deployment


@transaction.atomic
def retire_deployment(*, deployment: Deployment, reason: str, by: AbstractUser) -> Deployment:
    """Take a deployment out of use: it answers nobody any more; everything about it stays readable."""
    # Lock the deployment, so that no release begins meanwhile.
    row = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if row.is_retired:
        raise DeploymentRetired(deployment=row.slug)
    if row.releases.in_flight().exists():
        raise ReleaseInProgress(deployment=row.slug)
    if not reason.strip():
        raise Invalid(field="reason", reason="say why, for those who call it")
    row.retired_at, row.retired_reason = timezone.now(), reason.strip()[:500]
    row.save(update_fields=["retired_at", "retired_reason", "updated_at"])
    _stop(row, row.retired_at)
    _record("deployments.retired", row, by, {})
    routes_changed(row)
    return row


@transaction.atomic
def reinstate_deployment(*, deployment: Deployment, by: AbstractUser) -> Deployment:
    """Take back a retirement; nothing answers until a version is released again."""
    row = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if not row.is_retired:
        raise NotRetired(deployment=row.slug)
    row.retired_at, row.retired_reason = None, ""
    row.save(update_fields=["retired_at", "retired_reason", "updated_at"])
    _record("deployments.reinstated", row, by, {})
    routes_changed(row)
    return row


def _stop(deployment: Deployment, now: datetime) -> None:
    """End what was live; its model servers drain and stop."""
    spans = ServedSpan.objects.filter(release__deployment=deployment, until=None)
    spans.update(until=now)
    deployment.releases.live().update(state=Release.State.SUPERSEDED, ended_at=now)
    running = Replica.objects.filter(release__deployment=deployment, retired_at=None)
    running.update(retired_at=now)


def _record(verb: str, deployment: Deployment, by: AbstractUser, data: dict[str, int]) -> None:
    record(actor=by, verb=verb, subject=deployment, project_id=deployment.project_id, data=data)
