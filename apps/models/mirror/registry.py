"""Writes models, versions and aliases into the mirror, each change with its ledger record."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.ledger.services import record
from apps.models.mirror import shapes
from apps.models.models import Alias, ModelVersion, RegisteredModel, Run
from apps.projects.models import Project

Json = dict[str, Any]


@transaction.atomic
def put_model(project: Project, data: Json, *, by: User | None = None) -> RegisteredModel:
    """Store a model as MLflow tells it; a name that comes back finds its old row."""
    name = shapes.text(data.get("name"), 256)
    created_at = shapes.moment(data.get("creation_timestamp")) or timezone.now()
    row, is_new = RegisteredModel.objects.select_for_update().get_or_create(
        project=project, name=name, defaults={"created_at": created_at}
    )
    came_back = row.deleted_at is not None
    _store(row, {**shapes.model(data), "deleted_at": None})
    if is_new or came_back:
        record(actor=by, verb="models.registered", subject=row, project_id=project.pk)
    return row


@transaction.atomic
def put_version(
    model: RegisteredModel, data: Json, *, by: User | None = None
) -> ModelVersion | None:
    """Store a version as MLflow tells it; `None` where it is not fit to be one."""
    if not (number := shapes.whole(data.get("version"))):
        return None
    created_at = shapes.moment(data.get("creation_timestamp")) or timezone.now()
    row, is_new = ModelVersion.objects.select_for_update().get_or_create(
        model=model,
        number=number,
        defaults={"project_id": model.project_id, "created_at": created_at, "registered_by": by},
    )
    came_back = row.deleted_at is not None
    run_id = str(data.get("run_id") or "")
    run = Run.objects.filter(project_id=model.project_id, mlflow_id=run_id).only("pk").first()
    _store(row, {**shapes.version(data), "run_id": run and run.pk, "deleted_at": None})
    if is_new or came_back:
        told = {"model": model.pk, "number": number, "run": row.run_id}
        record(
            actor=by,
            verb="models.version_created",
            subject=row,
            project_id=model.project_id,
            data=told,
        )
    return row


@transaction.atomic
def put_aliases(model: RegisteredModel, wanted: dict[str, int], *, by: User | None = None) -> None:
    """Make the model's aliases those that MLflow tells: name to version number."""
    # The model's row is the lock: two tellers cannot both find the alias in its old place.
    RegisteredModel.objects.select_for_update().get(pk=model.pk)
    present = {alias.name: alias for alias in model.aliases.select_related("version")}
    for name, alias in present.items():
        if name not in wanted:
            drop(alias, by=by)
    for name, number in wanted.items():
        version = model.versions.filter(number=number).first()
        if version is not None:
            move(model, name, version, by=by)


@transaction.atomic
def move(
    model: RegisteredModel, name: str, version: ModelVersion, *, by: User | None
) -> ModelVersion | None:
    """Point an alias at a version; answers the version it came from. Safe to repeat."""
    stored = shapes.text(name, 256)
    alias = Alias.objects.select_for_update().filter(model=model, name=stored).first()
    if alias is not None and alias.version_id == version.pk:
        return None
    before = alias.version if alias else None
    row = alias or Alias(model=model, project_id=model.project_id, name=stored)
    row.version, row.moved_at = version, timezone.now()
    row.save()
    _record_move(row, [before.pk if before else None, version.pk], by)
    return before


def _store(row: RegisteredModel | ModelVersion, wanted: Json) -> None:
    """Save the fields that differ."""
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, wanted[name])
    if differing:
        row.save(update_fields=differing)


@transaction.atomic
def drop(alias: Alias, *, by: User | None) -> None:
    """Forget an alias that MLflow has no more."""
    _record_move(alias, [alias.version_id, None], by)
    alias.delete()


def _record_move(alias: Alias, both: list[Any], by: User | None) -> None:
    record(
        actor=by,
        verb="models.alias_moved",
        subject=alias.model,
        project_id=alias.project_id,
        data={"alias": alias.name, "version": both},
    )


@transaction.atomic
def remove_model(model: RegisteredModel, *, by: User | None = None) -> None:
    """MLflow has it no more. The row stays, its aliases go. Safe to repeat."""
    row = RegisteredModel.objects.select_for_update().get(pk=model.pk)
    if row.deleted_at is not None:
        return
    put_aliases(row, {}, by=by)
    now = timezone.now()
    row.versions.filter(deleted_at=None).update(deleted_at=now)
    RegisteredModel.objects.filter(pk=row.pk).update(deleted_at=now)
    record(actor=by, verb="models.deleted", subject=row, project_id=row.project_id)


@transaction.atomic
def remove_version(version: ModelVersion, *, by: User | None = None) -> None:
    """MLflow has it no more. The row stays. Safe to repeat."""
    gone = ModelVersion.objects.filter(pk=version.pk, deleted_at=None)
    if gone.update(deleted_at=timezone.now()):
        data = {"model": version.model_id, "number": version.number}
        record(
            actor=by,
            verb="models.version_deleted",
            subject=version,
            project_id=version.project_id,
            data=data,
        )


@transaction.atomic
def rename_model(model: RegisteredModel, name: str, *, by: User | None = None) -> None:
    """Follow a rename in MLflow."""
    RegisteredModel.objects.filter(pk=model.pk).update(
        name=shapes.text(name, 256), updated_at=timezone.now()
    )
    record(actor=by, verb="models.renamed", subject=model, project_id=model.project_id)
