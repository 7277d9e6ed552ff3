"""Documents from where they are: a folder, an archive, a repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core.errors import Invalid
from apps.docs import intake, markdown
from apps.docs.intake import Item
from apps.docs.intake.files import LARGEST_ARCHIVE, MOST_FILES
from apps.docs.models import Document, Source
from apps.docs.services.writing import mark_removed, revise, write
from apps.ledger.services import record
from apps.projects.errors import ProjectArchived
from apps.projects.models import Project

SHIPPED = Path(__file__).resolve().parents[3] / "docs" / "guides"
MOST_TOLD = 300  # names of one kind that a report keeps


@dataclass(slots=True)
class Report:
    """What an import did, by path; what was left out says why."""

    written: list[str] = field(default_factory=list)
    revised: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {name: len(getattr(self, name)) for name in self.__slots__}

    def told(self) -> dict[str, object]:
        """The counts and the first names of each, for keeping."""
        names = {name: getattr(self, name)[:MOST_TOLD] for name in self.__slots__}
        return {"counts": self.counts(), **names}


def import_folder(*, project: Project, folder: Path, by: AbstractUser) -> Report:
    """Take in every Markdown file below a folder; the same path is the same document."""
    source = _source(project, Source.Kind.FOLDER, folder.name[:200] or "folder", by)
    return take_in(source=source, items=intake.from_folder(folder), by=by)


def import_shipped(*, project: Project, by: AbstractUser) -> Report:
    """Offer the guides and runbooks that come with the product to a project."""
    source = _source(project, Source.Kind.SHIPPED, "Shipped guides", by)
    return take_in(source=source, items=intake.from_folder(SHIPPED), by=by)


def import_upload(
    *, project: Project, kind: str, name: str, archive: IO[bytes], by: AbstractUser
) -> Report:
    """Take in a zip archive of Markdown, or of a Confluence export's HTML.

    `name` says which source it is: the next archive of that name is the same source, later.
    """
    archive.seek(0, 2)
    if archive.tell() > LARGEST_ARCHIVE:
        raise Invalid(field="file", reason=f"at most {LARGEST_ARCHIVE} bytes")
    archive.seek(0)
    items = list(intake.from_zip(archive, pages=kind == Source.Kind.CONFLUENCE))
    source = _source(project, kind, name, by)
    return take_in(source=source, items=items, by=by)


def take_in(*, source: Source, items: Iterable[Item], by: AbstractUser) -> Report:
    """Make the documents of a source what it holds now. Safe to repeat, whole or after a stop.

    A document that the source does not hold any more is marked as removed. Where files were left out
    because there were too many, nothing is marked.
    """
    if source.project.is_archived:
        raise ProjectArchived(project=source.project.name)
    report, seen = Report(), dict[str, str]()
    for item in items:
        if not item.skipped and len(seen) >= MOST_FILES:
            item = Item(item.path, skipped=f"only the first {MOST_FILES} documents are taken in")
        reason = item.skipped or _collision(item.path, seen)
        if reason:
            report.skipped.append((item.path, reason))
            continue
        seen[item.path.casefold()] = item.path
        _take(source, item, by, report)
    _mark_gone(source, seen, by, report)
    _remember(source, by, report)
    return report


def _collision(path: str, seen: dict[str, str]) -> str:
    other = seen.get(path.casefold())
    return f"its name differs from {other} by case alone" if other else ""


def _take(source: Source, item: Item, by: AbstractUser, report: Report) -> None:
    try:
        outcome = _import_file(source, item, by)
    except Invalid as error:
        report.skipped.append((item.path, str(error)[:300]))
    else:
        getattr(report, outcome).append(item.path)


@transaction.atomic
def _import_file(source: Source, item: Item, by: AbstractUser) -> str:
    page = markdown.read(item.text)
    present = _present(source, item.path)
    if present is None:
        kind = page.meaning.kind or _kind_of(item.path)
        title = "" if page.title else Path(item.path).stem
        write(
            project=source.project, kind=kind, body=item.text, by=by, title=title,
            path=item.path, source=source,
        )  # fmt: skip
        return "written"
    if present.body == markdown.normal(item.text) and present.removed_at is None:
        return "unchanged"
    revise(document=present, body=item.text, by=by)
    return "revised"


def _present(source: Source, path: str) -> Document | None:
    """The document of that path; one from before sources were kept is taken over by a folder's."""
    if known := Document.objects.filter(source=source, path=path).first():
        return known
    if source.kind != Source.Kind.FOLDER:
        return None
    old = Document.objects.filter(project=source.project, source=None, path=path).first()
    if old is not None:
        old.source = source
        old.save(update_fields=["source", "updated_at"])
    return old


def _kind_of(path: str) -> str:
    """What a page is that does not say so: its folders often do."""
    words = path.lower()
    hints = {"runbook": "runbook", "decision": "decision", "adr": "decision",
             "post-mortem": "post-mortem", "postmortem": "post-mortem", "guide": "guide"}  # fmt: skip
    return next((kind for hint, kind in hints.items() if hint in words), Document.Kind.RUNBOOK)


def _mark_gone(source: Source, seen: dict[str, str], by: AbstractUser, report: Report) -> None:
    if any(reason.startswith("only the first") for _, reason in report.skipped):
        return
    left_out = {path for path, _ in report.skipped}
    for document in Document.objects.filter(source=source, removed_at=None):
        path = document.path or ""
        if path not in seen.values() and path not in left_out:
            mark_removed(document=document, by=by)
            report.removed.append(path)


@transaction.atomic
def _remember(source: Source, by: AbstractUser, report: Report) -> None:
    source.report, source.read_at, source.failure = report.told(), timezone.now(), ""
    source.save(update_fields=["report", "read_at", "failure"])
    record(
        actor=by, verb="docs.imported", subject=source, project_id=source.project_id,
        data=report.counts(),
    )  # fmt: skip


def _source(project: Project, kind: str, name: str, by: AbstractUser) -> Source:
    if project.is_archived:
        raise ProjectArchived(project=project.name)
    source, _ = Source.objects.get_or_create(
        project=project, kind=kind, name=name, defaults={"created_by_id": by.pk}
    )
    return source
