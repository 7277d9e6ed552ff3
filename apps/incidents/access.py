"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.incidents.models import Incident


def incident(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Incident:
    """The incident, where the person holds at least this role in its project."""
    found = Incident.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project", "deployment", "release__version__model", "alert").first()
    if row is None:
        raise NotFound(what="incident")
    access.require(user, row.project_id, at_least, what="incident")
    return row
