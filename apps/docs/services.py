from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Max, Value
from django.utils.text import slugify

from apps.core import events
from apps.core.errors import Invalid
from apps.docs import markdown
from apps.docs.events import DocumentWritten
from apps.docs.markdown import Page
from apps.docs.models import Document, Passage, Revision
from apps.docs.words import spread
from apps.ledger.services import record
from apps.projects.models import Project

LARGEST_FILE = 5_000_000  # bytes
MOST_FILES = 5_000


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


def import_folder(*, project: Project, folder: Path, by: AbstractUser) -> dict[str, list[str]]:
    """Take in every Markdown file below a folder; the same path is the same document."""
    outcome: dict[str, list[str]] = {"written": [], "revised": [], "skipped": []}
    for path in sorted(folder.rglob("*.md"))[:MOST_FILES]:
        name = str(path.relative_to(folder))
        if path.is_symlink() or path.stat().st_size > LARGEST_FILE:
            outcome["skipped"].append(f"{name}: a link, or larger than {LARGEST_FILE} bytes")
            continue
        try:
            done = _import_file(project, name, path.read_text(), by)
        except (Invalid, UnicodeDecodeError) as error:
            outcome["skipped"].append(f"{name}: {error}")
        else:
            outcome[done].append(name)
    return outcome


def _import_file(project: Project, path: str, text: str, by: AbstractUser) -> str:
    kind = markdown.read(text).front.get("kind", Document.Kind.RUNBOOK)
    if kind not in Document.Kind.values:
        raise Invalid(field="kind", reason=f"one of {', '.join(Document.Kind.values)}")
    present = Document.objects.filter(project=project, path=path).first()
    if present is not None:
        revise(document=present, body=text, by=by)
        return "revised"
    title = "" if markdown.read(text).title else Path(path).stem
    write(project=project, kind=kind, body=text, by=by, title=title, path=path)
    return "written"


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
    _index(document, page)
    data = {"revision": revision.number}
    record(actor=by, verb=verb, subject=document, project_id=document.project_id, data=data)
    events.publish(DocumentWritten(document_id=document.pk))


def _index(document: Document, page: Page) -> None:
    """Cut the page into passages anew, each with its weighted words."""
    document.passages.all().delete()
    Passage.objects.bulk_create(
        Passage(
            document=document,
            position=position,
            heading=section.heading,
            anchor=section.anchor,
            text=section.text,
            lexemes=_lexemes(document.title, section.heading, section.text),
        )
        for position, section in enumerate(markdown.sections(page))
    )


def _lexemes(title: str, heading: str, text: str) -> Any:
    return (
        SearchVector(Value(spread(title)), weight="A", config="english")
        + SearchVector(Value(spread(heading)), weight="B", config="english")
        + SearchVector(Value(spread(text)), weight="D", config="english")
    )
