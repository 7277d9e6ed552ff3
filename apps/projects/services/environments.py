from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from apps.ledger.services import Subject, record
from apps.projects.errors import (
    EnvironmentInUse,
    EnvironmentTaken,
    FreezeBackwards,
    FreezeOver,
)
from apps.projects.models import Environment, FreezeWindow, Project
from apps.projects.services import changes


@transaction.atomic
def add_environment(
    *, project: Project, name: str, kind: str, by: AbstractUser, protected: bool = False
) -> Environment:
    """Add a place that model versions can run in."""
    row = changes.live(project.pk)
    environment = Environment(project=row, name=name, kind=kind, protected=protected)
    _save_named(environment, name)
    data = {"kind": kind, "protected": protected}
    _record("projects.environment_added", environment, row.pk, by=by, data=data)
    return environment


@transaction.atomic
def edit_environment(*, environment: Environment, by: AbstractUser, **wanted: Any) -> Environment:
    """Change name, kind or protection."""
    project = changes.live(environment.project_id)
    row = Environment.objects.select_related("project").get(pk=environment.pk)
    try:
        with transaction.atomic():
            made = changes.apply(row, wanted)
    except IntegrityError as error:
        raise EnvironmentTaken(name=wanted.get("name")) from error
    if made:
        _record("projects.environment_edited", row, project.pk, by=by, data=dict(made))
    return row


@transaction.atomic
def remove_environment(*, environment: Environment, by: AbstractUser) -> None:
    """Remove an environment that nothing uses, with its freeze windows."""
    project = changes.live(environment.project_id)
    data = {"kind": environment.kind, "protected": environment.protected}
    _record("projects.environment_removed", environment, project.pk, by=by, data=data)
    try:
        environment.delete()
    except ProtectedError as error:
        raise EnvironmentInUse(name=environment.name) from error


@transaction.atomic
def plan_freeze(
    *,
    environment: Environment,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: AbstractUser,
) -> FreezeWindow:
    """Keep releases out of an environment for a stretch of time."""
    project = changes.live(environment.project_id)
    _check_stretch(starts_at, ends_at)
    window = FreezeWindow.objects.create(
        environment=environment, starts_at=starts_at, ends_at=ends_at, reason=reason
    )
    data = {
        "environment": environment.pk,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
    }
    _record("projects.freeze_planned", window, project.pk, by=by, data=data)
    return window


@transaction.atomic
def edit_freeze(*, window: FreezeWindow, by: AbstractUser, **wanted: Any) -> FreezeWindow:
    """Move a freeze window that is not over, or give another reason."""
    project, row = _open(window)
    _check_stretch(wanted.get("starts_at", row.starts_at), wanted.get("ends_at", row.ends_at))
    if made := changes.apply(row, wanted):
        data = {"environment": row.environment_id, **made}
        _record("projects.freeze_edited", row, project.pk, by=by, data=data)
    return row


@transaction.atomic
def end_freeze(*, window: FreezeWindow, by: AbstractUser) -> FreezeWindow | None:
    """End a freeze window now. One that has not begun is taken out: the answer is `None`."""
    project, row = _open(window)
    now = timezone.now()
    data = {
        "environment": row.environment_id,
        "ends_at": [row.ends_at.isoformat(), now.isoformat()],
    }
    _record("projects.freeze_ended", row, project.pk, by=by, data=data)
    if row.starts_at >= now:
        row.delete()
        return None
    changes.apply(row, {"ends_at": now})
    return row


def _open(window: FreezeWindow) -> tuple[Project, FreezeWindow]:
    """The locked project and the window as it is now; `FreezeOver` where it has ended."""
    project = changes.live(window.environment.project_id)
    rows = FreezeWindow.objects.select_related("environment__project")
    row = rows.filter(pk=window.pk).first()
    if row is None or row.ends_at <= timezone.now():
        raise FreezeOver
    return project, row


def _check_stretch(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at or ends_at <= timezone.now():
        raise FreezeBackwards


def _save_named(environment: Environment, name: str) -> None:
    try:
        with transaction.atomic():
            environment.save(force_insert=True)
    except IntegrityError as error:
        raise EnvironmentTaken(name=name) from error


def _record(
    verb: str, subject: Subject, project_id: int, *, by: AbstractUser, data: dict[str, Any]
) -> None:
    record(actor=by, verb=verb, subject=subject, project_id=project_id, data=data)
