"""Documents are written and revised; what they said stays."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from apps.core import events
from apps.core.errors import Invalid
from apps.docs import markdown
from apps.docs.events import DocumentWritten
from apps.docs.markdown import Page
from apps.docs.models import Document, Revision
from apps.docs.services.indexing import index
from apps.ledger.services import record
from apps.projects.models import Project


@transaction.atomic
def write(
    *,
    project: Project,
    kind: str,
    body: str,
    by: AbstractUser,
    title: str = "",
    path: str | None = None,
) -> Document:
    """Write a new document; its first revision is kept."""
    page = markdown.read(body)
    name = title or page.title
    if not name:
        raise Invalid(field="title", reason="give one, or begin the body with a heading")
    document = Document.objects.create(
        project=project,
        kind=kind,
        slug=_free_slug(project, name),
        title=name[:200],
        body=body,
        path=path,
        created_by_id=by.pk,
        **_front(page),
    )
    _keep(document, page, by, "docs.written")
    return document


@transaction.atomic
def revise(*, document: Document, body: str, by: AbstractUser, title: str = "") -> Document:
    """Change a document; what it said before stays as a revision."""
    page = markdown.read(body)
    document = Document.objects.select_for_update().get(pk=document.pk)
    if document.body == body and title in {"", document.title}:
        return document
    document.body, document.title = body, (title or page.title or document.title)[:200]
    for name, value in _front(page).items():
        setattr(document, name, value)
    document.save(update_fields=["body", "title", "applies_to", "tags", "updated_at"])
    _keep(document, page, by, "docs.revised")
    return document


def _front(page: Page) -> dict[str, Any]:
    applies = page.front.get("applies_to")
    tags = page.front.get("tags")
    return {
        "applies_to": {
            str(name): [str(value) for value in values]
            if isinstance(values, list)
            else [str(values)]
            for name, values in (applies if isinstance(applies, dict) else {}).items()
        },
        "tags": [str(tag) for tag in tags] if isinstance(tags, list) else [],
    }


def _free_slug(project: Project, title: str) -> str:
    base = slugify(title)[:100] or "page"
    taken = set(
        Document.objects.filter(project=project, slug__startswith=base).values_list(
            "slug", flat=True
        )
    )
    number = 1
    while (slug := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return slug


def _keep(document: Document, page: Page, by: AbstractUser, verb: str) -> None:
    last = document.revisions.aggregate(last=Max("number"))["last"] or 0
    revision = Revision.objects.create(
        document=document, number=last + 1, title=document.title, body=document.body, by_id=by.pk
    )
    index(document, page=page)
    data = {"revision": revision.number}
    record(actor=by, verb=verb, subject=document, project_id=document.project_id, data=data)
    events.publish(DocumentWritten(document_id=document.pk))
