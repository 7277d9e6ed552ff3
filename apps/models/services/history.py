from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import jobs
from apps.models import errors
from apps.models.choices import MoveKind, OutOfBandState
from apps.models.mirror import moves, refresh, registry
from apps.models.mirror.moves import Cause
from apps.models.models import ModelVersion, OutOfBandMove, RegisteredModel
from apps.models.services.places import check_place
from apps.models.services.promotions import promote_of_record, take_up_approved
from apps.models.upstream import Upstream
from apps.projects.models import Project

REVERT = "models.revert_move"


@transaction.atomic
def adopt(*, case: OutOfBandMove, by: AbstractUser, reason: str) -> OutOfBandMove:
    """Take a move as right: a promotion of record follows, or nothing where the alias went away."""
    row = _undecided(case)
    if isinstance(by, User) and by.is_service:
        raise errors.PersonNeeded
    if row.environment.protected and row.move.by_id == by.pk:
        raise errors.OwnMove
    row.state = OutOfBandState.ADOPTING
    if row.move.after is not None:
        row.promotion = promote_of_record(
            version=row.move.after, environment=row.environment, by=by, reason=reason
        )
    _decide(row, by, reason)
    moves.tell("models.out_of_band_adoption_asked", row, by=by)
    if row.move.after is None:
        moves.end(row, OutOfBandState.ADOPTED, by=row.decided_by)
    return row


@transaction.atomic
def request_revert(*, case: OutOfBandMove, by: AbstractUser, reason: str) -> OutOfBandMove:
    """Ask for the alias or stage to go back where it belongs; a job moves it."""
    row = _undecided(case)
    _check_there_is_a_way_back(row)
    row.state = OutOfBandState.REVERTING
    _decide(row, by, reason)
    moves.tell("models.out_of_band_revert_asked", row, by=by)
    _work_on(row)
    return row


@transaction.atomic
def finish_revert(*, case: OutOfBandMove) -> OutOfBandMove:
    """Move it back in MLflow, then say so. Safe to run twice: it is set, not swapped."""
    model = case.model
    # Nobody reads MLflow between the move and our row of it, and takes it for another's.
    refresh.alone("model", case.project, model.name)
    RegisteredModel.objects.select_for_update().get(pk=model.pk)
    row = _locked(case)
    if row.state != OutOfBandState.REVERTING:
        return row
    if row.move.kind == MoveKind.STAGE:
        _restore_stage(row)
    else:
        _restore_alias(row)
    moves.end(row, OutOfBandState.REVERTED, by=row.decided_by)
    return row


@transaction.atomic
def fail_revert(*, case_id: int) -> None:
    """Its job gave up: somebody decides again."""
    found = OutOfBandMove.objects.select_for_update(of=("self",)).select_related("move")
    row = found.filter(pk=case_id, state=OutOfBandState.REVERTING).first()
    if row is not None:
        moves.reopen(row, "MLflow did not take it back. The job of the revert says why.")


def take_up(*, project: Project) -> None:
    """MLflow answers again: go on with what waited for it in a project."""
    take_up_approved(project=project)
    waiting = OutOfBandMove.objects.filter(project=project, state=OutOfBandState.REVERTING)
    for case in waiting.select_related("decided_by"):
        _work_on(case)


def _work_on(case: OutOfBandMove) -> None:
    jobs.enqueue(
        REVERT,
        owner=case.decided_by,
        project_id=case.project_id,
        key=str(case.pk),
        case_id=case.pk,
    )


def _undecided(case: OutOfBandMove) -> OutOfBandMove:
    """The case as it is now, locked after its model, as the mirror locks them."""
    RegisteredModel.objects.select_for_update().get(pk=case.model_id)
    row = _locked(case)
    check_place(row.project, row.environment)
    if row.state != OutOfBandState.OPEN:
        raise errors.AlreadyDecided(state=row.state)
    return row


def _locked(case: OutOfBandMove) -> OutOfBandMove:
    rows = OutOfBandMove.objects.select_for_update(of=("self",))
    return rows.select_related(
        "project",
        "model__project",
        "environment",
        "rightful",
        "decided_by",
        "move__before__model",
        "move__after__model",
        "move__after__project",
    ).get(pk=case.pk)


def _decide(row: OutOfBandMove, by: AbstractUser, reason: str) -> None:
    row.decided_by_id, row.decided_at, row.reason = by.pk, timezone.now(), reason
    row.trouble = ""
    row.save(update_fields=["state", "promotion", "decided_by", "decided_at", "reason", "trouble"])


def _check_there_is_a_way_back(row: OutOfBandMove) -> None:
    if row.model.deleted_at is not None:
        raise errors.NowhereToGo(what=row.model.name)
    wanted = row.rightful if row.move.kind == MoveKind.ALIAS else _staged(row)
    if wanted is not None and wanted.deleted_at is not None:
        raise errors.NowhereToGo(what=f"Version {wanted.number}")


def _staged(row: OutOfBandMove) -> ModelVersion:
    version = row.move.after or row.move.before
    assert version is not None
    return version


def _restore_alias(row: OutOfBandMove) -> None:
    model, name, cause = row.model, row.move.name, Cause(row.decided_by, settles=row)
    mlflow, path = Upstream(row.project.slug), "2.0/mlflow/registered-models/alias"
    if row.rightful is None:
        mlflow.send("DELETE", path, name=model.name, alias=name)
        registry.drop(model, name, cause)
    else:
        number = str(row.rightful.number)
        mlflow.send("POST", path, name=model.name, alias=name, version=number)
        registry.move(model, name, row.rightful, cause)


def _restore_stage(row: OutOfBandMove) -> None:
    version = _staged(row)
    Upstream(row.project.slug).send(
        "POST",
        "2.0/mlflow/model-versions/transition-stage",
        name=row.model.name,
        version=str(version.number),
        stage=row.came_from or "None",
        archive_existing_versions=False,
    )
    registry.change_stage(version, row.came_from, Cause(row.decided_by, settles=row))
