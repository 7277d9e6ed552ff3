"""The only way from a name in a request to a row: what a user may not see does not exist."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound, RoleNeeded
from apps.deployments.models import Deployment, DeploymentQuerySet, Mismatch, Release, Replica
from apps.integrations import selectors as integrations
from apps.integrations.models import Connection
from apps.integrations.ports import ClusterRuntime, ServingObserver
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects import access as projects
from apps.projects.models import Environment, Project


def deployments(user: Person) -> DeploymentQuerySet:
    """The deployments that the person may see."""
    return Deployment.objects.visible_to(user)


def deployment(user: Person, slug: str, at_least: Role = Role.VIEWER) -> Deployment:
    """The deployment, where the person holds at least this role in its project."""
    row = _found(user, slug)
    _require(row, at_least)
    return row


def releasable(user: Person, slug: str) -> Deployment:
    """The deployment, where the person may release: maintainers in a protected environment."""
    row = _found(user, slug)
    _require(row, row.needed)
    return row


def _found(user: Person, slug: str) -> Deployment:
    """The row with the role that the person holds in its project, so that nobody asks for it again."""
    found = Deployment.objects.visible_to(user).filter(slug=slug)
    row = found.select_related("project", "environment", "model", "connection").first()
    if row is None:
        raise NotFound(what="deployment")
    row.held = access.role(user, row.project_id)
    return row


def _require(row: Deployment, at_least: Role) -> None:
    if row.held is None:
        raise NotFound(what="deployment")
    if row.held < at_least:
        raise RoleNeeded(needed=at_least.label, yours=row.held.label)


def release(user: Person, pk: int) -> Release:
    """The release, where the person may see its project."""
    found = Release.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("deployment__environment", "version__model").first()
    if row is None:
        raise NotFound(what="release")
    return row


def steerable(user: Person, pk: int) -> Release:
    """The release, where the person may release to its environment."""
    row = release(user, pk)
    releasable(user, row.deployment.slug)
    return row


@dataclass(frozen=True, slots=True)
class Place:
    """What a new deployment stands on."""

    environment: Environment
    model: RegisteredModel


def new_place(user: Person, project: str, *, environment: str, model: str) -> Place:
    """The environment and the model of a new deployment, for contributors of the project."""
    row = projects.project(user, project, Role.CONTRIBUTOR)
    found = row.environments.filter(name=environment).first()
    if found is None:
        raise NotFound(what="environment")
    named = RegisteredModel.objects.visible_to(user).live().filter(project=row, name=model).first()
    if named is None:
        raise NotFound(what="model")
    needed = Role.MAINTAINER if found.protected else Role.CONTRIBUTOR
    access.require(user, row.pk, needed)
    return Place(found, named)


def target(user: Person, project: Project, pk: int | None) -> Connection | None:
    """The connection on whose target a new deployment runs; none: this machine."""
    if pk is None:
        return None
    ports = (ClusterRuntime, ServingObserver)
    offered = [integrations.offering(user, project, port).filter(pk=pk) for port in ports]
    found = next((row for rows in offered for row in rows), None)
    if found is None:
        raise NotFound(what="connection to a target")
    return found


def version_of(deployment: Deployment, number: int) -> ModelVersion:
    """A version of the deployment's model."""
    versions = ModelVersion.objects.live().select_related("model")
    found = versions.filter(model=deployment.model_id, number=number).first()
    if found is None:
        raise NotFound(what=f"version of {deployment.model.name}")
    return found


def retirable(user: Person, slug: str) -> Deployment:
    """The deployment, for those who may take it out of use."""
    return deployment(user, slug, Role.MAINTAINER)


def may_release(row: Deployment) -> bool:
    """Whether whoever the row was found for may change what it serves, and how."""
    return row.held is not None and row.held >= row.needed


def may_retire(row: Deployment) -> bool:
    """Whether whoever the row was found for may take it out of use."""
    return row.held is not None and row.held >= Role.MAINTAINER


def replica(row: Deployment, pk: int) -> Replica:
    """A model server of the deployment, also one that is draining."""
    found = Replica.objects.filter(pk=pk, release__deployment=row)
    server = found.select_related("release__version").first()
    if server is None:
        raise NotFound(what=f"model server of {row.slug}")
    return server


def release_of(row: Deployment, number: int) -> Release:
    """A release of the deployment by its number."""
    found = row.releases.filter(number=number)
    made = found.select_related("deployment", "version__model", "requested_by").first()
    if made is None:
        raise NotFound(what=f"release of {row.slug}")
    return made


def mismatch(user: Person, pk: int) -> Mismatch:
    """The mismatch, where the person may see its deployment."""
    seen = Deployment.objects.visible_to(user)
    found = Mismatch.objects.filter(pk=pk, deployment__in=seen)
    row = found.select_related("deployment__environment", "deployment__project").first()
    if row is None:
        raise NotFound(what="mismatch")
    return row


def mismatch_to_settle(user: Person, pk: int) -> Mismatch:
    """The mismatch, where the person may release; what concerns an alias is the maintainers'."""
    row = mismatch(user, pk)
    releasable(user, row.deployment.slug)
    if row.kind == Mismatch.Kind.ALIAS:
        access.require(user, row.deployment.project_id, Role.MAINTAINER, what="mismatch")
    return row
