"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.docs.models import Attachment, Document, Revision, Source


def document(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Document:
    """The document, where the person holds at least this role in its project."""
    found = Document.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project", "source", "owner", "deputy").first()
    if row is None:
        raise NotFound(what="document")
    access.require(user, row.project_id, at_least, what="document")
    return row


def revision(of: Document, number: int) -> Revision:
    """One revision of a document that the person may see."""
    row = of.revisions.select_related("by").filter(number=number).first()
    if row is None:
        raise NotFound(what="revision")
    return row


def attachment(of: Document, name: str) -> Attachment:
    """One file beside a document that the person may see."""
    row = of.attachments.filter(name=name).first()
    if row is None:
        raise NotFound(what="file")
    return row


def source(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Source:
    """The source, where the person holds at least this role in its project."""
    row = Source.objects.visible_to(user).filter(pk=pk).select_related("project").first()
    if row is None:
        raise NotFound(what="source")
    access.require(user, row.project_id, at_least, what="source")
    return row


def known_revision(document_id: int, number: int) -> Revision:
    """The revision of a job."""
    rows = Revision.objects.select_related("document__source", "by")
    row = rows.filter(document_id=document_id, number=number).first()
    if row is None:
        raise NotFound(what="revision")
    return row


def known_source(pk: int) -> Source:
    """The source of a job."""
    row = Source.objects.select_related("project", "created_by").filter(pk=pk).first()
    if row is None:
        raise NotFound(what="source")
    return row
