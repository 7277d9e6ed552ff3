from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.deployments.errors import SlugTaken
from apps.deployments.models import Deployment
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
    record(
        actor=by,
        verb="deployments.created",
        subject=deployment,
        project_id=deployment.project_id,
        data={"environment": environment.pk, "model": model.pk},
    )
    return deployment
