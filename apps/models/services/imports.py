from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import Invalid
from apps.integrations import selectors as integrations
from apps.integrations.ports import ModelHub
from apps.ledger.services import record
from apps.models.choices import ImportSource, ImportState
from apps.models.errors import AlreadyImporting
from apps.models.models import ModelImport, ModelVersion
from apps.projects.errors import ProjectArchived
from apps.projects.models import Project

IMPORT = "models.import_hub"
OPEN = (ImportState.QUEUED, ImportState.RUNNING)
LOOKS = 3


@transaction.atomic
def request_import(
    *,
    project: Project,
    source: str,
    repo: str,
    by: AbstractUser,
    revision: str = "",
    name: str = "",
    options: dict[str, Any] | None = None,
) -> ModelImport:
    """Have a model brought in by a job; the same wish while it is open is the first one."""
    if project.is_archived:
        raise ProjectArchived(project=project.name)
    if source == ImportSource.HUB:
        integrations.connection_for(project, ModelHub)  # refused now, not in the job
    wish = {
        "source": source,
        "repo": repo,
        "revision": revision,
        "name": _name(name or repo.rstrip("/").rpartition("/")[2]),
        "options": options or {},
    }
    # The project's row is the lock: two clicks are one wish.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if known := ModelImport.objects.filter(project=project, state__in=OPEN, **wish).first():
        return known
    row = ModelImport.objects.create(project=project, requested_by_id=by.pk, **wish)
    job = jobs.enqueue(IMPORT, owner=by, project_id=project.pk, key=str(row.pk), import_id=row.pk)
    row.job_id = job.pk
    row.save(update_fields=["job_id"])
    data = {"source": source, "job": job.pk}
    record(actor=by, verb="models.import_requested", subject=row, project_id=project.pk, data=data)
    return row


def pin(*, row: ModelImport, commit: str, licence: str, size: int) -> ModelImport:
    """Note what the revision means. Where that is here already, the import ends as the same version."""
    for _ in range(LOOKS):
        try:
            return _pin(row, commit, licence, size)
        except IntegrityError:
            if (same := _same(row, commit)) is not None:
                return same
    raise AlreadyImporting(repo=row.repo, commit=commit[:12], job="another")


@transaction.atomic
def _pin(row: ModelImport, commit: str, licence: str, size: int) -> ModelImport:
    row = _locked(row.pk)
    if row.state == ImportState.DONE:
        return row
    row.commit, row.licence, row.size = commit, licence, size
    row.state, row.ended_at = ImportState.RUNNING, None
    row.save(update_fields=["commit", "licence", "size", "state", "ended_at"])
    return row


@transaction.atomic
def _same(row: ModelImport, commit: str) -> ModelImport | None:
    """End the import as the version that is here; `None` where that is gone, and the way is free."""
    rows = ModelImport.objects.select_for_update(of=("self",)).select_related("version__model")
    first = rows.filter(
        project=row.project,
        source=row.source,
        repo=row.repo,
        commit=commit,
        same_as=None,
        state__in=[ImportState.RUNNING, ImportState.DONE],
    ).first()
    if first is None:
        return None
    if first.state == ImportState.RUNNING:
        raise AlreadyImporting(repo=row.repo, commit=commit[:12], job=first.job_id)
    if first.version is None or first.version.deleted_at is not None:
        ModelImport.objects.filter(pk=first.pk).update(commit="")
        return None
    row = _locked(row.pk)
    row.commit, row.licence, row.size = commit, first.licence, first.size
    row.same_as, row.version = first, first.version
    _end(row, ImportState.DONE)
    return row


@transaction.atomic
def finish_import(*, row: ModelImport, version: ModelVersion) -> ModelImport:
    """Note the version that the import became. Safe to repeat."""
    row = _locked(row.pk)
    if row.state == ImportState.DONE:
        return row
    row.version = version
    _end(row, ImportState.DONE)
    data = {
        "version": version.pk,
        "model": version.model_id,
        "source": row.source,
        "commit": row.commit,
        "size": row.size,
    }
    record(
        actor=row.requested_by,
        verb="models.imported",
        subject=row,
        project_id=row.project_id,
        data=data,
    )
    return row


@transaction.atomic
def fail_import(*, import_id: int) -> None:
    """Its job gave up: end the import, so that it can be asked for again."""
    row = ModelImport.objects.select_for_update().filter(pk=import_id).first()
    if row and row.state in OPEN:
        _end(row, ImportState.FAILED)
        record(actor=None, verb="models.import_failed", subject=row, project_id=row.project_id)


def _end(row: ModelImport, state: ImportState) -> None:
    row.state, row.ended_at = state, timezone.now()
    row.save(update_fields=["state", "ended_at", "version", "same_as", "commit", "licence", "size"])


def _locked(pk: int) -> ModelImport:
    rows = ModelImport.objects.select_for_update(of=("self",))
    return rows.select_related("project", "requested_by", "version__model").get(pk=pk)


def _name(given: str) -> str:
    """A name that MLflow takes for a registered model."""
    if not given.isprintable() or not given.strip() or set(given) & {"/", ":"}:
        raise Invalid(field="name", reason="give the model a name without '/' and ':'")
    if len(given) > 256:
        raise Invalid(field="name", reason="at most 256 characters")
    return given.strip()
