"""Tells the prediction log which deployment a name means, model cards where versions answer, and the search."""

from __future__ import annotations

from apps.core.access import Person, Role
from apps.deployments import access, selectors
from apps.docs import search
from apps.docs.search import Hit, Query, rows
from apps.docs.search.rows import Shown
from apps.models.cards import serving
from apps.models.cards.serving import Place
from apps.models.models import RegisteredModel
from apps.predictions import sources
from apps.predictions.sources import Source


def resolve(user: Person, slug: str, at_least: Role) -> Source:
    """The deployment of that name, where the person holds at least this role."""
    row = access.deployment(user, slug, at_least)
    return Source(row.pk, row.project_id, row.slug)


def places(model: RegisteredModel) -> list[Place]:
    """Where versions of the model answer now."""
    return [
        Place(
            name=row.deployment.slug,
            environment=row.deployment.environment.name,
            version_id=row.version_id,
            number=row.version.number,
            since=row.live_at,
        )
        for row in selectors.serving(model)
    ]


def found(query: Query) -> list[Hit]:
    """The deployments that are called so, or serve a model that is."""
    return rows.find(
        query,
        selectors.deployments(query.user),
        kind="deployment",
        fields=["slug", "model__name", "environment__name"],
        show=lambda row: Shown(
            row.slug, f"{row.model.name} in {row.environment.name}", row.get_absolute_url()
        ),
    )


sources.install(resolve)
serving.source(places)
search.source("deployment", found)
