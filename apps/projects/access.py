"""The only way from a slug or an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.projects import errors
from apps.projects.models import Environment, FreezeWindow, Grant, Project


def project(user: Person, slug: str, at_least: Role = Role.VIEWER) -> Project:
    """The project, where the person holds at least this role."""
    found = Project.objects.visible_to(user).select_related("owner", "deputy").filter(slug=slug)
    if (row := found.first()) is None:
        raise NotFound(what="project")
    access.require(user, row.pk, at_least)
    return row


def environment(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Environment:
    """The environment, where the person holds at least this role in its project."""
    found = Environment.objects.visible_to(user).select_related("project").filter(pk=pk)
    if (row := found.first()) is None:
        raise NotFound(what="environment")
    access.require(user, row.project_id, at_least, what="environment")
    return row


def grant(user: Person, slug: str, pk: int, at_least: Role = Role.VIEWER) -> Grant:
    """One holder's role in the project, where the person asking holds at least this role there."""
    found = Grant.objects.visible_to(user).filter(project__slug=slug, pk=pk)
    if (row := found.select_related("project", "user", "team").first()) is None:
        raise NotFound(what="member")
    access.require(user, row.project_id, at_least, what="member")
    return row


def freeze(user: Person, pk: int, at_least: Role = Role.VIEWER) -> FreezeWindow:
    """The freeze window, where the person holds at least this role in its project."""
    found = FreezeWindow.objects.visible_to(user).filter(pk=pk)
    if (row := found.select_related("environment__project").first()) is None:
        raise NotFound(what="freeze window")
    access.require(user, row.environment.project_id, at_least, what="freeze window")
    return row


def require_creator(user: Person) -> None:
    """Raise `MayNotCreate` for a token that is read-only or tied to certain projects."""
    limits: access.Limits | None = getattr(user, "limits", None)
    if limits and (limits.role < Role.CONTRIBUTOR or limits.project_ids is not None):
        raise errors.MayNotCreate
