"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.predictions.models import Erasure, Retention
from apps.predictions.sources import Source
from apps.projects.models import Project


def erasure(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Erasure:
    """The erasure, where the person holds at least this role in its project."""
    found = Erasure.objects.visible_to(user).select_related("requested_by", "project")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="erasure")
    access.require(user, row.project_id, at_least, what="erasure")
    return row


def known_erasure(pk: int) -> Erasure:
    """The erasure of a job: nobody asks for it, the portal itself does."""
    if (row := Erasure.objects.filter(pk=pk).first()) is None:
        raise NotFound(what="erasure")
    return row


def known_retention(pk: int) -> Retention:
    """The retention of a job; `NotFound` once the project keeps everything again."""
    if (row := Retention.objects.filter(pk=pk).first()) is None:
        raise NotFound(what="retention")
    return row


def retentions() -> list[Retention]:
    """Every project's, for the portal itself."""
    return list(Retention.objects.order_by("pk"))


def erasure_of(user: Person, source: Source, pk: int) -> Erasure:
    """The erasure at its own deployment's address."""
    row = erasure(user, pk)
    if row.deployment_id != source.deployment_id:
        raise NotFound(what="erasure")
    return row


def retention(project_id: int) -> Retention | None:
    """A project's, for who was let in already; nothing where it keeps all."""
    return Retention.objects.filter(project_id=project_id).first()


def project_of(source: Source) -> Project:
    """The project of a deployment that the person was let into."""
    return Project.objects.get(pk=source.project_id)
