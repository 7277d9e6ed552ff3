"""Documents from where they are: a folder of Markdown."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import AbstractUser

from apps.core.errors import Invalid
from apps.docs import markdown
from apps.docs.models import Document
from apps.docs.services.writing import revise, write
from apps.projects.models import Project

LARGEST_FILE = 5_000_000  # bytes
MOST_FILES = 5_000


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
