"""Documents that live in a Git repository."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import Invalid, PortalError
from apps.core.fields import Secret
from apps.docs import intake, repository
from apps.docs.models import Document, Source
from apps.docs.repository import Change, Remote
from apps.docs.services.importing import Report, take_in
from apps.docs.services.writing import revise
from apps.integrations.models import Connection
from apps.ledger.services import record
from apps.projects.errors import ProjectArchived
from apps.projects.models import Project


@dataclass(frozen=True, slots=True)
class Place:
    """What a person says of a repository; `every_seconds` is how often it is pulled."""

    url: str
    name: str = ""
    branch: str = ""
    folder: str = ""
    token: str = ""
    every_seconds: int = 900
    connection: Connection | None = None


@transaction.atomic
def add_repository(*, project: Project, place: Place, by: AbstractUser) -> Source:
    """Take documents from a repository from now on; the first pull is enqueued."""
    repository.check(place.url, place.branch)
    if project.is_archived:
        raise ProjectArchived(project=project.name)
    name = (place.name or place.url.rstrip("/").rpartition("/")[2])[:200]
    if Source.objects.filter(project=project, kind=Source.Kind.GIT, name=name).exists():
        raise Invalid(field="name", reason=f"{name} is there already; give another name")
    token: Any = Secret.of(place.token) if place.token else None
    source = Source.objects.create(
        project=project,
        kind=Source.Kind.GIT,
        name=name,
        url=place.url,
        branch=place.branch,
        folder=place.folder.strip("/"),
        token=token,
        connection=place.connection,
        every_seconds=max(place.every_seconds, 60),
        created_by_id=by.pk,
    )
    record(actor=by, verb="docs.source_added", subject=source, project_id=project.pk)
    request_pull(source=source)
    return source


@transaction.atomic
def request_pull(*, source: Source) -> None:
    """Enqueue a pull; one at a time for each repository."""
    wait = timedelta(seconds=source.every_seconds)
    Source.objects.filter(pk=source.pk).update(due_at=timezone.now() + wait)
    jobs.enqueue(
        "docs.pull", owner=None, project_id=source.project_id, key=f"docs.pull:{source.pk}",
        source_id=source.pk,
    )  # fmt: skip


def pull(*, source: Source) -> Report:
    """Take in what the repository holds now. What cannot be read leaves the last state as it was."""
    try:
        with repository.cloned(_remote(source)) as tree:
            commit = repository.commit_of(tree)
            report = take_in(source=source, items=_items(tree, source.folder), by=source.created_by)
    except PortalError as error:
        Source.objects.filter(pk=source.pk).update(failure=str(error)[:500])
        raise
    Source.objects.filter(pk=source.pk).update(cursor=commit, failure="")
    return report


@transaction.atomic
def set_pulling(*, source: Source, enabled: bool, by: AbstractUser) -> None:
    """Pull a repository by schedule and delivery, or leave its documents as they are."""
    row = Source.objects.select_for_update().get(pk=source.pk)
    if row.kind != Source.Kind.GIT:
        raise Invalid(field="source", reason="only a repository is pulled")
    if row.enabled == enabled:
        return
    row.enabled = enabled
    row.save(update_fields=["enabled"])
    verb = "docs.pulling_resumed" if enabled else "docs.pulling_paused"
    record(actor=by, verb=verb, subject=row, project_id=row.project_id)


@transaction.atomic
def request_proposal(*, document: Document, body: str, by: AbstractUser) -> None:
    """Keep an edit as a draft and enqueue that it is sent to the document's repository as a branch."""
    if document.source is None or document.source.kind != Source.Kind.GIT:
        raise Invalid(field="document", reason="it does not come from a repository; revise it here")
    revise(document=document, body=body, by=by, draft=True)
    newest = document.revisions.first()
    number = newest.number if newest else 0
    jobs.enqueue(
        "docs.propose", owner=by, project_id=document.project_id,
        key=f"docs.propose:{document.pk}:{number}", document_id=document.pk, number=number,
    )  # fmt: skip


def propose(*, document: Document, body: str, by: AbstractUser) -> str:
    """Send an edit back to the repository that the document is from, as a branch; its name."""
    source = document.source
    if source is None or source.kind != Source.Kind.GIT or not document.path:
        raise Invalid(field="document", reason="it does not come from a repository; revise it here")
    branch = f"signalbox/{document.slug}-{timezone.now():%Y%m%d%H%M%S}"
    path = f"{source.folder}/{document.path}" if source.folder else document.path
    message = f"Revise {document.title}"
    change = Change(path, body, branch=branch, message=message, author=by.get_username())
    commit = repository.push_change(_remote(source), change)
    data = {"branch": branch, "commit": commit}
    record(
        actor=by, verb="docs.proposed", subject=document, project_id=document.project_id, data=data
    )
    return branch


def _items(tree: Path, folder: str) -> list[intake.Item]:
    base = (tree / folder).resolve() if folder else tree.resolve()
    if not base.is_relative_to(tree.resolve()) or not base.is_dir():
        raise Invalid(field="folder", reason=f"the repository has no folder {folder}")
    return list(intake.from_folder(base))


def _remote(source: Source) -> Remote:
    token = source.token.reveal() if source.token else ""
    return Remote(source.url, source.branch, str(token))
