"""Writes experiments and runs into the mirror."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.models.mirror import logged, shapes
from apps.models.models import Dataset, Experiment, Run
from apps.projects.models import Project

Json = dict[str, Any]
RUN_FIELDS = (
    "experiment_id",
    "name",
    "status",
    "lifecycle",
    "started_at",
    "ended_at",
    "params",
    "metrics",
    "metric_steps",
    "tags",
    "inputs",
    "artifact_uri",
    "seen_at",
)


def put_experiment(project: Project, data: Json) -> Experiment:
    """Store an experiment as MLflow tells it."""
    row, _ = Experiment.objects.update_or_create(
        project=project,
        mlflow_id=shapes.text(data.get("experiment_id"), 40),
        defaults=shapes.experiment(data),
    )
    return row


@transaction.atomic
def put_runs(
    project: Project,
    found: Iterable[Json],
    *,
    by: User | None = None,
    asked_at: datetime | None = None,
) -> None:
    """Store runs as MLflow told them; what a client wrote after `asked_at` is newer and stays."""
    told = {str(each["info"]["run_id"])[:40]: each for each in found}
    present = Run.objects.select_for_update().filter(project=project, mlflow_id__in=told)
    for row in present.order_by("pk").only("mlflow_id", "seen_at"):
        if asked_at and row.seen_at > asked_at:
            told.pop(row.mlflow_id)
    built = (_row(project, data, by) for data in told.values())
    rows = [run for run in built if run]
    Run.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["project", "mlflow_id"],
        update_fields=RUN_FIELDS,
    )
    logged.level(rows)
    _note_datasets(project, [each for row in rows for each in row.inputs])


def _note_datasets(project: Project, inputs: Iterable[Json]) -> None:
    """Keep what runs read; a name and digest is the same data however often it is read."""
    found = {(each["name"][:500], each["digest"][:64]): each for each in inputs}
    Dataset.objects.bulk_create(
        [
            Dataset(
                project=project,
                name=name,
                digest=digest,
                source_type=each["source_type"][:60],
                source=each["source"],
            )
            for (name, digest), each in found.items()
        ],
        ignore_conflicts=True,
    )


def _row(project: Project, data: Json, by: User | None) -> Run | None:
    info = data["info"]
    wanted = str(info.get("experiment_id"))
    experiment = Experiment.objects.filter(project=project, mlflow_id=wanted).first()
    if experiment is None:
        return None  # the next healing meets it after its experiment
    return Run(
        project=project,
        experiment=experiment,
        mlflow_id=shapes.text(info["run_id"], 40),
        logged_by=by,
        seen_at=timezone.now(),
        **shapes.run(data),
    )


@transaction.atomic
def log(project: Project, run_id: str, told: Json) -> bool:
    """Add what a client logged to a run; whether the mirror knows the run."""
    locked = Run.objects.select_for_update().filter(project=project, mlflow_id=run_id[:40])
    if (run := locked.first()) is None:
        return False
    params = shapes.pairs(told.get("params"))
    newer = _merge_metrics(run, told.get("metrics"))
    run.params.update(params)
    run.tags.update(shapes.pairs(told.get("tags")))
    run.name = shapes.text(run.tags.get("mlflow.runName", run.name), 500)
    run.seen_at = timezone.now()
    run.save(update_fields=["metrics", "metric_steps", "params", "tags", "name", "seen_at"])
    logged.add(run, metrics=newer, params=params)
    return True


def _merge_metrics(run: Run, metrics: Iterable[Json] | None) -> set[str]:
    """Take in the newer values; answers the metrics that got one."""
    changed = set()
    for key, point in shapes.points(metrics).items():
        step, at = run.metric_steps.get(key, (0, -1))
        known = key in run.metrics
        if not known or shapes.newer(point, (run.metrics[key], step, at)):
            run.metrics[key] = point[0]
            run.metric_steps[key] = list(point[1:])
            changed.add(key)
    return changed


@transaction.atomic
def note_info(project: Project, info: Json) -> bool:
    """Store a run's new state and name; whether the mirror knows the run."""
    locked = Run.objects.select_for_update().filter(
        project=project, mlflow_id=str(info.get("run_id"))[:40]
    )
    if (run := locked.first()) is None:
        return False
    for field, value in shapes.run_info(info).items():
        setattr(run, field, value)
    run.tags["mlflow.runName"] = run.name
    run.seen_at = timezone.now()
    run.save(update_fields=[*shapes.run_info(info), "tags", "seen_at"])
    return True
