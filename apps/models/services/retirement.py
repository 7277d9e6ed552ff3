from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import jobs
from apps.core.errors import Invalid
from apps.ledger.services import record
from apps.models import errors, facts, holds
from apps.models.facts import places
from apps.models.mirror import registry
from apps.models.mirror.moves import Cause
from apps.models.models import ModelVersion, Promotion, RegisteredModel, VersionFacts
from apps.models.upstream import ABSENT, Upstream
from apps.projects.errors import ProjectArchived

CLEAN_UP = "models.clean_up"


@dataclass(frozen=True, slots=True)
class Freed:
    """What a clean-up removed."""

    versions: int
    files: int
    size: int
    kept: list[str]


@transaction.atomic
def retire_version(
    *, version: ModelVersion, reason: str, by: AbstractUser, clean_up: bool = False
) -> ModelVersion:
    """Take a version out of use; refused while an environment or a release holds it."""
    rows = ModelVersion.objects.select_for_update(of=("self",)).select_related("project", "model")
    row = rows.get(pk=version.pk)
    _check(row, [row], reason)
    _retire(row, reason)
    _record("models.version_retired", row, by, model=row.model_id, number=row.number)
    if clean_up:
        ask_for_clean_up(versions=[row], by=by)
    return row


@transaction.atomic
def retire_model(
    *, model: RegisteredModel, reason: str, by: AbstractUser, clean_up: bool = False
) -> RegisteredModel:
    """Take a model with all its versions out of use; refused while anything holds one of them."""
    rows = RegisteredModel.objects.select_for_update(of=("self",)).select_related("project")
    row = rows.get(pk=model.pk)
    # Locked as well: a promotion that is being asked for right now waits, and reads of it.
    living = row.versions.select_for_update(of=("self",)).filter(deleted_at=None)
    versions = list(living.select_related("project", "model").order_by("pk"))
    _check(row, versions, reason)
    _retire(row, reason)
    _record("models.retired", row, by, versions=len(versions))
    if clean_up:
        ask_for_clean_up(versions=versions, by=by)
    return row


@transaction.atomic
def reinstate(*, row: RegisteredModel | ModelVersion, by: AbstractUser) -> None:
    """Take back a retirement. Files that were cleaned up do not come back."""
    locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
    if not locked.is_retired:
        raise errors.NotRetired(name=str(row))
    locked.retired_at, locked.retired_reason = None, ""
    locked.save(update_fields=["retired_at", "retired_reason"])
    _record("models.reinstated", locked, by)


def ask_for_clean_up(*, versions: Sequence[ModelVersion], by: AbstractUser) -> None:
    """Let a job remove the versions in MLflow, with their files. Only what is retired."""
    for version in versions:
        if not (version.is_retired or version.model.is_retired):
            raise errors.NotRetired(name=str(version))
    if versions:
        jobs.enqueue(
            CLEAN_UP,
            owner=by,
            project_id=versions[0].project_id,
            key=f"{versions[0].model_id}:{versions[0].pk}:{len(versions)}",
            version_ids=[version.pk for version in versions],
        )


def clean_up(*, version: ModelVersion, by: AbstractUser | None) -> Freed:
    """Remove a retired version in MLflow with its files. Safe to run twice."""
    if not (version.is_retired or version.model.is_retired) or holds.holding([version]):
        return Freed(0, 0, 0, [f"{version} is in use again"])
    known = facts.of(version)
    mlflow = Upstream(version.project.slug)
    shared = _shares(known)
    # MLflow fails on a folder that is gone: the first try of this job may have removed it.
    if known.folder and not shared and any(places.files_of(mlflow, known.folder)):
        places.delete(mlflow, known.folder)
    _delete(mlflow, version)
    freed = _freed(version, known, shared)
    data = {"files": freed.files, "bytes": freed.size, "digest": known.digest}
    _forget(version, by, data)
    return freed


def _delete(mlflow: Upstream, version: ModelVersion) -> None:
    """Delete the version in MLflow. Safe to repeat."""
    try:
        mlflow.send(
            "DELETE",
            "2.0/mlflow/model-versions/delete",
            name=version.model.name,
            version=str(version.number),
        )
    except errors.MlflowRefused as refusal:
        if refusal.data["answered"] != ABSENT:
            raise


@transaction.atomic
def _forget(version: ModelVersion, by: AbstractUser | None, data: dict[str, Any]) -> None:
    """Take the version and the aliases that it held out of the mirror, and say what was removed."""
    registry.remove_version(version)
    cause = Cause(by if isinstance(by, User) else None)
    for alias in version.aliases.all():
        registry.drop(version.model, alias.name, cause)
    _record("models.files_removed", version, by, **data)


def _freed(version: ModelVersion, known: VersionFacts, shared: bool) -> Freed:
    if shared:
        return Freed(1, 0, 0, [f"the files of {version}, which another version shares"])
    if not known.folder:
        return Freed(1, 0, 0, [f"the files of {version}: {known.trouble}"])
    return Freed(1, len(known.files), known.size, [])


def _shares(known: VersionFacts) -> bool:
    """Whether another living version was made from the same files."""
    others = VersionFacts.objects.filter(folder=known.folder).exclude(pk=known.pk)
    return others.filter(version__deleted_at=None).exclude(folder="").exists()


def _check(
    row: RegisteredModel | ModelVersion, versions: Sequence[ModelVersion], reason: str
) -> None:
    if row.project.is_archived:
        raise ProjectArchived(project=row.project.name)
    if row.is_retired:
        raise errors.AlreadyRetired(name=str(row))
    if not reason.strip():
        raise Invalid(field="reason", reason="say why, for those who use it")
    if holders := [*holds.holding(versions), *_on_their_way(versions)]:
        raise errors.StillHeld(name=str(row), holders=", ".join(holders[:5]))


def _on_their_way(versions: Sequence[ModelVersion]) -> list[str]:
    """Promotions that would bring one of them into use."""
    found = Promotion.objects.filter(version__in=versions).open()
    waiting = found.select_related("version__model", "environment")
    return [f"the promotion {each}" for each in waiting]


def _retire(row: RegisteredModel | ModelVersion, reason: str) -> None:
    row.retired_at, row.retired_reason = timezone.now(), reason.strip()[:500]
    row.save(update_fields=["retired_at", "retired_reason"])


def _record(
    verb: str, row: RegisteredModel | ModelVersion, by: AbstractUser | None, **data: Any
) -> None:
    record(actor=by, verb=verb, subject=row, project_id=row.project_id, data=data)
