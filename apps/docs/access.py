"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.docs.models import Document


def document(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Document:
    """The document, where the person holds at least this role in its project."""
    found = Document.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project").first()
    if row is None:
        raise NotFound(what="document")
    access.require(user, row.project_id, at_least, what="document")
    return row
