"""Documents are written and revised; what they said stays."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from apps.accounts.models import User
from apps.core import events
from apps.core.errors import Invalid
from apps.docs import markdown
from apps.docs.errors import NothingToPublish, RevisedMeanwhile
from apps.docs.events import DocumentWritten
from apps.docs.markdown import Page
from apps.docs.models import Document, Revision, Source
from apps.docs.services.indexing import index
from apps.ledger.services import record
from apps.projects.models import Project

_CHANGED = [
    "kind", "title", "body", "state", "applies_to", "tags", "owner_name", "owner", "deputy",
    "review_by", "removed_at", "links_due_at", "updated_at",
]  # fmt: skip


@transaction.atomic
def write(
    *,
    project: Project,
    kind: str,
    body: str,
    by: AbstractUser,
    title: str = "",
    path: str | None = None,
    source: Source | None = None,
    draft: bool = False,
) -> Document:
    """Write a new document; its first revision is kept. A draft is not found and not cited."""
    body = markdown.normal(body)
    page = markdown.read(body)
    name = title or page.title
    if not name:
        raise Invalid(field="title", reason="give one, or begin the body with a heading")
    document = Document(
        project=project,
        kind=kind,
        state=Document.State.DRAFT if draft else Document.State.PUBLISHED,
        slug=_free_slug(project, name),
        path=path,
        source=source,
        created_by_id=by.pk,
    )
    _say(document, page, body, name)
    document.save()
    _keep(document, page, by, "docs.written")
    return document


@transaction.atomic
def revise(
    *,
    document: Document,
    body: str,
    by: AbstractUser,
    title: str = "",
    draft: bool = False,
    seen: int | None = None,
) -> Document:
    """Change a document; what it said before stays as a revision.

    `seen` is the revision that the writer began from: where a newer one is there, `RevisedMeanwhile`.
    A draft of a published document waits beside it until it is published.
    """
    body = markdown.normal(body)
    page, meaning = markdown.read(body), markdown.read(body).meaning
    document = Document.objects.select_for_update().get(pk=document.pk)
    _refuse_conflict(document, seen)
    name = title or meaning.title or page.title or document.title
    newest = document.revisions.first()
    if newest and (newest.body, newest.title, newest.published) == (body, name, not draft):
        return _unmark_removed(document, page, by)
    if draft and document.state == Document.State.PUBLISHED:
        _add_revision(document, name, body, by, published=False)
        return document
    document.state = Document.State.DRAFT if draft else Document.State.PUBLISHED
    document.removed_at = None
    _say(document, page, body, name)
    document.save(update_fields=_CHANGED)
    _keep(document, page, by, "docs.revised")
    return document


@transaction.atomic
def publish(*, document: Document, by: AbstractUser) -> Document:
    """Let the newest draft be what the document says."""
    newest = document.revisions.first()
    if newest is None or newest.published:
        raise NothingToPublish(title=document.title)
    return revise(document=document, body=newest.body, title=newest.title, by=by)


@transaction.atomic
def restore(*, document: Document, revision: Revision, by: AbstractUser) -> Document:
    """Let the document say again what a revision said; the ones between stay."""
    return revise(document=document, body=revision.body, title=revision.title, by=by)


@transaction.atomic
def mark_removed(*, document: Document, by: AbstractUser) -> None:
    """Note that the source does not hold it any more: it is not found, and can be brought back."""
    document = Document.objects.select_for_update().get(pk=document.pk)
    if document.removed_at is not None:
        return
    document.removed_at = timezone.now()
    document.save(update_fields=["removed_at", "updated_at"])
    document.passages.all().delete()
    record(actor=by, verb="docs.removed", subject=document, project_id=document.project_id)
    events.publish(DocumentWritten(document_id=document.pk))


@transaction.atomic
def bring_back(*, document: Document, by: AbstractUser) -> Document:
    """Keep a document that its source has dropped; it belongs to nobody's source any more."""
    document = Document.objects.select_for_update().get(pk=document.pk)
    if document.removed_at is None:
        return document
    document.source, document.path = None, None
    document.save(update_fields=["source", "path", "updated_at"])
    return _unmark_removed(document, markdown.read(document.body), by)


def _unmark_removed(document: Document, page: Page, by: AbstractUser) -> Document:
    if document.removed_at is not None:
        document.removed_at = None
        document.save(update_fields=["removed_at", "updated_at"])
        if document.is_in_force:
            index(document, page=page)
        record(actor=by, verb="docs.brought_back", subject=document, project_id=document.project_id)
        events.publish(DocumentWritten(document_id=document.pk))
    return document


def _refuse_conflict(document: Document, seen: int | None) -> None:
    newest = document.revisions.first()
    if seen is not None and newest is not None and newest.number != seen:
        raise RevisedMeanwhile(by=str(newest.by), revision=newest.number)


def _say(document: Document, page: Page, body: str, title: str) -> None:
    """Put the text and what its front matter decides into the row."""
    meaning = page.meaning
    document.body, document.title = body, title[:200]
    document.kind = meaning.kind or document.kind
    document.applies_to, document.tags = meaning.applies_to, meaning.tags
    document.owner_name = meaning.owner[:150]
    people = _people({meaning.owner, meaning.deputy} - {""})
    document.owner, document.deputy = people.get(meaning.owner), people.get(meaning.deputy)
    document.review_by = meaning.review_by
    document.links_due_at = timezone.now()


def _people(names: set[str]) -> dict[str, User]:
    """Those of the names who are the user name of somebody that can sign in."""
    found = User.objects.filter(is_active=True, username__in=names) if names else ()
    return {user.username: user for user in found}


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
    published = document.state == Document.State.PUBLISHED
    number = _next_number(document)
    Revision.objects.create(
        document=document,
        number=number,
        title=document.title,
        body=document.body,
        published=published,
        by_id=by.pk,
    )
    if document.is_in_force:
        index(document, page=page)
    data = {"revision": number, "draft": not published}
    record(actor=by, verb=verb, subject=document, project_id=document.project_id, data=data)
    events.publish(DocumentWritten(document_id=document.pk))


def _add_revision(
    document: Document, title: str, body: str, by: AbstractUser, *, published: bool
) -> None:
    """A draft beside what is published: nothing else changes."""
    number = _next_number(document)
    Revision.objects.create(
        document=document, number=number, title=title[:200], body=body, published=published,
        by_id=by.pk,
    )  # fmt: skip
    data = {"revision": number}
    record(
        actor=by, verb="docs.drafted", subject=document, project_id=document.project_id, data=data
    )


def _next_number(document: Document) -> int:
    return (document.revisions.aggregate(last=Max("number"))["last"] or 0) + 1
