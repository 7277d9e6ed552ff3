"""What the assistant may read of models, each as the person asking may see it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core.access import Role
from apps.core.tools import tool
from apps.models import access, selectors, services

MOST = 20


@tool()
def list_models(*, user: AbstractUser, words: str = "") -> list[dict[str, Any]]:
    """List registered models with their aliases; words narrow by name."""
    found = selectors.models(user).filter(name__icontains=words).order_by("name")[:MOST]
    return [
        {
            "id": row.pk,
            "name": row.name,
            "project": row.project.slug,
            "aliases": {alias.name: alias.version.number for alias in row.aliases.all()},
            "url": row.get_absolute_url(),
        }
        for row in found
    ]


@tool()
def list_versions(*, user: AbstractUser, model_id: int) -> list[dict[str, Any]]:
    """List the newest versions of a registered model with aliases and metrics."""
    model = access.model(user, model_id)
    found = selectors.versions(user).filter(model=model).order_by("-number")[:MOST]
    return [
        {
            "id": row.pk,
            "number": row.number,
            "aliases": sorted(alias.name for alias in row.aliases.all()),
            "metrics": row.run.metrics if row.run else {},
            "created_at": row.created_at,
            "url": row.get_absolute_url(),
        }
        for row in found
    ]


@tool()
def who_approved(*, user: AbstractUser, version_id: int) -> list[dict[str, Any]]:
    """Say who asked for and who decided on the promotions of a model version, and what the gates said."""
    version = access.version(user, version_id)
    return [
        {
            "id": row.pk,
            "environment": row.environment.name,
            "state": row.state,
            "requested_by": row.requested_by.username,
            "requested_at": row.requested_at,
            "decided_by": decision.by.username if decision else None,
            "gates": [result.sentence for result in row.results.all()],
            "url": row.get_absolute_url(),
        }
        for row in selectors.promotions(user).filter(version=version)[:MOST]
        for decision in [getattr(row, "decision", None)]
    ]


@tool(writes=True)
def promote_version(*, user: AbstractUser, version_id: int, environment: str) -> str:
    """Ask for a model version to enter an environment."""
    version = access.version(user, version_id, Role.CONTRIBUTOR)
    place = access.environment(user, version.project, environment)
    promotion = services.request_promotion(version=version, environment=place, by=user)
    return f"Asked for {promotion}; its gates are being checked."
