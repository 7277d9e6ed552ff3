"""A model with versions, each from a run that logged something."""

from __future__ import annotations

import hashlib
from typing import Any

from apps.models.mirror import registry, runs
from apps.models.mirror.moves import Cause
from apps.models.models import ModelVersion, Run
from apps.projects.models import Project


def version(
    project: Project,
    name: str,
    number: int,
    metrics: dict[str, float] | None = None,
    **told: Any,
) -> ModelVersion:
    """One version of a model, as the mirror would have stored it."""
    runs.put_experiment(project, {"experiment_id": "1", "name": "first"})
    run_id = hashlib.md5(f"{name}-{number}".encode()).hexdigest()
    info = {"run_id": run_id, "experiment_id": "1", "run_name": f"{name} {number}"}
    info["artifact_uri"] = f"mlflow-artifacts:/1/{run_id}/artifacts"
    logged = [
        {"key": key, "value": value, "timestamp": 1} for key, value in (metrics or {}).items()
    ]
    run = {"info": info, "data": {"metrics": logged}, "inputs": told.pop("inputs", {})}
    runs.put_runs(project, [run])
    model = registry.put_model(project, {"name": name})
    made = registry.put_version(model, {"version": str(number), "run_id": run_id, **told})
    assert made is not None
    return ModelVersion.objects.select_related("project", "model", "run").get(pk=made.pk)


def hold(made: ModelVersion, alias: str) -> None:
    """Let a version hold an alias."""
    registry.move(made.model, alias, made, Cause())


def run_of(made: ModelVersion) -> Run:
    assert made.run is not None
    return made.run
