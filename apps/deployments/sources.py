"""Tells the prediction log which deployment a name means, model cards where versions answer, and the search."""

from __future__ import annotations

from django.urls import reverse

from apps.core.access import Person, Role
from apps.deployments import access, selectors
from apps.deployments.models import Deployment, Release
from apps.docs import search
from apps.docs.search import Query, rows
from apps.docs.search.rows import Face, Records, Shown
from apps.models.cards import serving
from apps.models.cards.serving import Place
from apps.models.models import ModelVersion, RegisteredModel
from apps.predictions import sources
from apps.predictions.expected import Column
from apps.predictions.sources import Source


def resolve(user: Person, slug: str, at_least: Role) -> Source:
    """The deployment of that name, where the person holds at least this role."""
    return _source(access.deployment(user, slug, at_least))


def known(deployment_id: int) -> Source | None:
    """The deployment of that id, for jobs."""
    row = Deployment.objects.filter(pk=deployment_id).first()
    return None if row is None else _source(row)


def _source(row: Deployment) -> Source:
    """With the signatures of the versions that answer now, each by its number; the live one also by ""."""
    answering = row.releases.filter(state__in=(Release.State.LIVE, *Release.IN_FLIGHT))
    expected: dict[str, tuple[Column, ...]] = {}
    for release in answering.select_related("version__facts"):
        columns = _columns(release.version)
        expected[str(release.version.number)] = columns
        if release.state == Release.State.LIVE:
            expected[""] = columns
    return Source(row.pk, row.project_id, row.slug, expected)


def _columns(version: ModelVersion) -> tuple[Column, ...]:
    """The named columns of its inputs; tensors have none."""
    facts = getattr(version, "facts", None)
    told = facts.signature.get("inputs", []) if facts else []
    return tuple(
        Column(column["name"], column["type"], not column.get("optional", False))
        for column in told
        if not column["name"].startswith("#")
    )


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


def found(query: Query) -> Records:
    """The deployments that are called so, or serve a model that is."""
    return rows.find(
        query,
        selectors.deployments(query.user),
        kind="deployment",
        fields=["slug", "model__name", "environment__name"],
        face=Face(
            ["slug", "model__name", "environment__name"],
            lambda row: Shown(
                row.texts[0],
                f"{row.texts[1]} in {row.texts[2]}",
                reverse("deployments:deployment", args=[row.texts[0]]),
            ),
        ),
    )


sources.install(resolve, known)
serving.source(places)
search.source("deployment", found)
