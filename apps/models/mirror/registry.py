"""Writes models, versions and aliases into the mirror, each change with its ledger record."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.ledger.services import record
from apps.models.mirror import moves, shapes
from apps.models.mirror.moves import Cause
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
def put_stage(version: ModelVersion, stage: str, *, by: User | None = None) -> None:
    """Store the stage that MLflow tells of a version; its `None` is no stage. Safe to repeat."""
    change_stage(version, shapes.stage(stage), Cause(by))


@transaction.atomic
def change_stage(version: ModelVersion, stage: str, cause: Cause) -> None:
    """Take a version to a stage, or with none out of the one it has. Safe to repeat."""
    _locked(version.model)
    row = ModelVersion.objects.select_related("model__project").get(pk=version.pk)
    if row.stage == stage:
        return
    before, row.stage = row.stage, stage
    row.save(update_fields=["stage"])
    moves.stage_moved(row, before, cause)


@transaction.atomic
def put_aliases(
    model: RegisteredModel,
    wanted: dict[str, int],
    *,
    by: User | None = None,
    own: str | None = None,
) -> None:
    """Make the model's aliases those that MLflow tells: name to version number.

    `by` moved the alias `own`, or with `None` each of them; the others were moved around the portal.
    """
    row = _locked(model)
    present = {alias.name: alias for alias in row.aliases.select_related("version")}
    for name in present.keys() - wanted.keys():
        drop(row, name, Cause(by if own in {None, name} else None))
    for name, number in wanted.items():
        version = row.versions.filter(number=number).first()
        if version is not None:
            move(row, name, version, Cause(by if own in {None, name} else None))


@transaction.atomic
def move(
    model: RegisteredModel, name: str, version: ModelVersion, cause: Cause
) -> ModelVersion | None:
    """Point an alias at a version; answers the version it came from. Safe to repeat."""
    row, stored = _locked(model), shapes.text(name, 256)
    alias = Alias.objects.filter(model=row, name=stored).select_related("version").first()
    before = alias.version if alias else None
    if before == version:
        return None
    kept = moves.alias_moved(row, stored, (before, version), cause)
    alias = alias or Alias(model=row, project_id=row.project_id, name=stored)
    alias.version, alias.moved_at = version, kept.at
    alias.save()
    return before


@transaction.atomic
def drop(model: RegisteredModel, name: str, cause: Cause) -> None:
    """Take an alias away. Safe to repeat."""
    row = _locked(model)
    alias = Alias.objects.filter(model=row, name=name).select_related("version").first()
    if alias is not None:
        moves.alias_moved(row, name, (alias.version, None), cause)
        alias.delete()


def _locked(model: RegisteredModel) -> RegisteredModel:
    """The model's row is the lock: two tellers cannot both find the alias in its old place."""
    rows = RegisteredModel.objects.select_for_update(of=("self",)).select_related("project")
    return rows.get(pk=model.pk)


def _store(row: RegisteredModel | ModelVersion, wanted: Json) -> None:
    """Save the fields that differ."""
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, wanted[name])
    if differing:
        row.save(update_fields=differing)


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
    for name in version.aliases.values_list("name", flat=True):
        drop(version.model, name, Cause(by))
    put_stage(version, "", by=by)
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
