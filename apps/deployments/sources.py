"""Tells the prediction log which deployment a name means."""

from __future__ import annotations

from apps.core.access import Person, Role
from apps.deployments import access
from apps.predictions import sources
from apps.predictions.sources import Source


def resolve(user: Person, slug: str, at_least: Role) -> Source:
    """The deployment of that name, where the person holds at least this role."""
    row = access.deployment(user, slug, at_least)
    return Source(row.pk, row.project_id, row.slug)


sources.install(resolve)
