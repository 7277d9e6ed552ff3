"""Asks MLflow for one record and stores it. One asker at a time per record, so that no older answer wins."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.models.choices import Lifecycle
from apps.models.mirror import registry, runs, shapes
from apps.models.models import Experiment, RegisteredModel, Run
from apps.models.upstream import Upstream
from apps.projects.models import Project

Json = dict[str, Any]


@transaction.atomic
def experiment(project: Project, mlflow_id: str) -> Experiment | None:
    """The experiment as MLflow has it now."""
    alone("experiment", project, mlflow_id)
    found = Upstream(project.slug).find("2.0/mlflow/experiments/get", experiment_id=mlflow_id)
    if found is None:
        gone = Experiment.objects.filter(project=project, mlflow_id=mlflow_id)
        gone.update(lifecycle=Lifecycle.DELETED)
        return None
    return runs.put_experiment(project, found["experiment"])


@transaction.atomic
def run(project: Project, mlflow_id: str, *, by: User | None = None) -> None:
    """The run as MLflow has it now, with its experiment where the mirror does not know that yet."""
    alone("run", project, mlflow_id)
    found = Upstream(project.slug).find("2.0/mlflow/runs/get", run_id=mlflow_id)
    if found is None:
        gone = Run.objects.filter(project=project, mlflow_id=shapes.text(mlflow_id, 40))
        gone.update(lifecycle=Lifecycle.DELETED, seen_at=timezone.now())
    else:
        store_run(project, found["run"], by=by)


def store_run(project: Project, told: Json, *, by: User | None = None) -> None:
    """Store a run that MLflow told, after its experiment."""
    wanted = str(told["info"]["experiment_id"])
    if not Experiment.objects.filter(project=project, mlflow_id=wanted).exists():
        experiment(project, wanted)
    runs.put_runs(project, [told], by=by)


@transaction.atomic
def model(
    project: Project, name: str, *, by: User | None = None, own: str | None = ""
) -> RegisteredModel | None:
    """The model as MLflow has it now, with its aliases and the versions they point at.

    `own` is the alias that `by` moved, `None` for all; another that moved, moved around the portal.
    """
    alone("model", project, name)
    found = Upstream(project.slug).find("2.0/mlflow/registered-models/get", name=name)
    if found is None:
        if gone := RegisteredModel.objects.filter(project=project, name=name).first():
            registry.remove_model(gone, by=by)
        return None
    told = found["registered_model"]
    row = registry.put_model(project, told, by=by)
    wanted = aliases_of(told)
    known = set(row.versions.live().values_list("number", flat=True))
    for number in set(wanted.values()) - known:
        version(project, name, number, by=by)
    registry.put_aliases(row, wanted, by=by, own=own)
    return row


@transaction.atomic
def version(
    project: Project, name: str, number: int, *, by: User | None = None, staged: bool = False
) -> None:
    """The version as MLflow has it now. Where `by` has not `staged` it, its stage moved by itself."""
    alone("model", project, name)
    row = RegisteredModel.objects.live().filter(project=project, name=name).first()
    if row is None and (row := model(project, name, by=by)) is None:
        return
    found = Upstream(project.slug).find(
        "2.0/mlflow/model-versions/get", name=name, version=str(number)
    )
    if found is not None:
        told = found["model_version"]
        if kept := registry.put_version(row, told, by=by):
            stage = str(told.get("current_stage") or "")
            registry.put_stage(kept, stage, by=by if staged else None)
    elif gone := row.versions.filter(number=number).first():
        registry.remove_version(gone, by=by)


def aliases_of(model: Json) -> dict[str, int]:
    """Alias to version number."""
    return {
        shapes.text(each.get("alias")): shapes.whole(each.get("version"))
        for each in model.get("aliases", [])
    }


def alone(kind: str, project: Project, name: str) -> None:
    """Wait for whoever asks MLflow about the same record, or changes it; the lock goes with the transaction."""
    key = f"models.{kind}:{project.pk}:{shapes.text(name)}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))
