"""What the assistant may read of projects, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.access import Role
from apps.core.tools import Found, told, tool
from apps.projects import access, selectors
from apps.projects.models import Grant, Project

MOST = 20


@tool()
def project_facts(*, user: AbstractUser, project: str) -> list[Found]:
    """A project: owner, deputy, members with their roles, environments."""
    row = access.project(user, project)
    grants = list(selectors.grants(user, project)[: MOST + 1])
    members = [f"{_named(each.holder)} ({each.get_role_display().lower()})" for each in grants]
    rest = ", and others" if len(members) > MOST else ""
    places = ", ".join(str(each) for each in row.environments.all()[:MOST])
    facts = {
        "owner": f"{row.name} is owned by {row.owner.username}"
        f"{', deputy ' + row.deputy.username if row.deputy else ', without a deputy'}.",
        "members": f"{row.name} has {len(members)} members: {', '.join(members[:MOST])}{rest}."
        if not rest
        else f"Members of {row.name} are {', '.join(members[:MOST])}{rest}.",
        "environments": f"The environments of {row.name} are {places}.",
        "criticality": f"The criticality of {row.name} is {row.get_criticality_display().lower()}.",
        "approvers": _approvers(row, grants),
        "purpose": f"The purpose of {row.name}: {row.purpose}" if row.purpose else "",
    }
    roles = {
        f"role:{_named(each.holder)}": f"{_named(each.holder)} is {each.get_role_display().lower()} in {row.name}."
        for each in grants[:MOST]
    }
    return [told("project", row.slug, row.name, row.get_absolute_url(), {**facts, **roles})]


def _approvers(row: Project, grants: list[Grant]) -> str:
    """Who may let a version in, where nobody was left out for want of room."""
    names = [_named(each.holder) for each in grants if each.role >= Role.MAINTAINER]
    if len(grants) > MOST:
        return f"Maintainers and owners of {row.name} may approve, each what others asked for."
    return f"In {row.name} {', '.join(names)} may approve, each what others asked for."


@tool()
def projects_counted(*, user: AbstractUser) -> list[Found]:
    """How many projects the person may see, and which."""
    found = selectors.projects(user)
    names = _names(list(found[:MOST]))
    text = f"You may see {found.count()} projects{': ' + names if names else ''}."
    return [told("count", "projects", "Projects", "/projects/", {"count:projects": text})]


def _names(rows: list[Project]) -> str:
    return ", ".join(row.name for row in rows)


def _named(holder: object) -> str:
    return str(getattr(holder, "username", "") or holder)
