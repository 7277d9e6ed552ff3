"""Puts an imported model into MLflow: a run, its files, a version. Each step finds what an earlier try made."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from apps.models import workspaces
from apps.models.artifacts import SCHEME
from apps.models.errors import MlflowRefused
from apps.models.mirror import refresh
from apps.models.mirror.shapes import whole
from apps.models.models import ModelImport, ModelVersion
from apps.models.upstream import TAKEN, Upstream

EXPERIMENT = "imports"
MARK = "signalbox.import"
FOLDER = "model"
ROOT = "2.0/mlflow-artifacts/artifacts"

Json = dict[str, Any]


def run_of(row: ModelImport, endpoint: str) -> Json:
    """The run that stands for the import; made where there is none."""
    workspaces.ensure(row.project)
    upstream = Upstream(row.project.slug)
    experiment = _experiment(upstream)
    mark = hashlib.sha256(row.key.encode()).hexdigest()
    search = {"experiment_ids": [experiment], "filter": f"tags.`{MARK}` = '{mark}'"}
    for found in upstream.searched("2.0/mlflow/runs/search", "runs", **search):
        return found
    tags = [_tag(MARK, mark), *(_tag(key, value) for key, value in _facts(row, endpoint).items())]
    made = upstream.send(
        "POST",
        "2.0/mlflow/runs/create",
        experiment_id=experiment,
        run_name=f"import of {row.repo}"[:250],
        start_time=_now(),
        tags=tags,
    )
    return dict(made["run"])


def put_files(
    row: ModelImport, run: Json, files: dict[str, Path], heard: Callable[[int], None]
) -> None:
    """Store the files below the run's `model` folder; those that are there whole are left alone."""
    upstream = Upstream(row.project.slug)
    folder = f"{run['info']['artifact_uri'].removeprefix(SCHEME).lstrip('/')}/{FOLDER}"
    known: dict[str, dict[str, int]] = {}
    for name, path in files.items():
        below = f"{folder}/{name}"
        parent, _, last = below.rpartition("/")
        if parent not in known:
            known[parent] = _sizes(upstream, parent)
        if known[parent].get(last) != path.stat().st_size:
            upstream.upload(f"{ROOT}/{quote(below)}", path)
        heard(path.stat().st_size)


def version_of(row: ModelImport, run: Json, endpoint: str) -> ModelVersion:
    """The version that the run became, registered where it is not, and mirrored."""
    upstream = Upstream(row.project.slug)
    number = _registered(upstream, row, run) or _register(upstream, row, run, endpoint)
    run_id = run["info"]["run_id"]
    upstream.send(
        "POST", "2.0/mlflow/runs/update", run_id=run_id, status="FINISHED", end_time=_now()
    )
    refresh.run(row.project, run_id, by=row.requested_by)
    refresh.version(row.project, row.name, number, by=row.requested_by)
    rows = ModelVersion.objects.select_related("model")
    return rows.get(project=row.project, model__name=row.name, number=number)


def _experiment(upstream: Upstream) -> str:
    by_name = "2.0/mlflow/experiments/get-by-name"
    found = upstream.find(by_name, experiment_name=EXPERIMENT)
    if found is None:
        try:
            made = upstream.send("POST", "2.0/mlflow/experiments/create", name=EXPERIMENT)
            return str(made["experiment_id"])
        except MlflowRefused as refusal:
            if refusal.data["answered"] != TAKEN:
                raise
            found = upstream.get(by_name, experiment_name=EXPERIMENT)
    experiment = found["experiment"]
    number = str(experiment["experiment_id"])
    if experiment.get("lifecycle_stage") == "deleted":
        upstream.send("POST", "2.0/mlflow/experiments/restore", experiment_id=number)
    return number


def _sizes(upstream: Upstream, folder: str) -> dict[str, int]:
    """What MLflow holds in a folder already: sizes by name."""
    answer = upstream.find(f"{ROOT}?path={quote(folder)}") or {}
    return {
        each["path"]: int(each.get("file_size", -1))
        for each in answer.get("files", [])
        if not each.get("is_dir")
    }


def _registered(upstream: Upstream, row: ModelImport, run: Json) -> int | None:
    """The number that an earlier try got."""
    asked = f"run_id = '{run['info']['run_id']}'"
    found = upstream.listed("2.0/mlflow/model-versions/search", "model_versions", filter=asked)
    numbers = [whole(each["version"]) for each in found if each["name"] == row.name]
    return min(numbers, default=None)


def _register(upstream: Upstream, row: ModelImport, run: Json, endpoint: str) -> int:
    if upstream.find("2.0/mlflow/registered-models/get", name=row.name) is None:
        try:
            upstream.send("POST", "2.0/mlflow/registered-models/create", name=row.name)
        except MlflowRefused as refusal:
            if refusal.data["answered"] != TAKEN:
                raise
    made = upstream.send(
        "POST",
        "2.0/mlflow/model-versions/create",
        name=row.name,
        source=f"{run['info']['artifact_uri']}/{FOLDER}",
        run_id=run["info"]["run_id"],
        description=f"Imported from {row.repo} at {row.commit}.",
        tags=[_tag(key, value) for key, value in _facts(row, endpoint).items()],
    )
    return whole(made["model_version"]["version"])


def _facts(row: ModelImport, endpoint: str) -> dict[str, str]:
    """What the run and the version say about where they came from."""
    facts = {
        "source.kind": row.source,
        "source.endpoint": endpoint,
        "source.repo": row.repo,
        "source.revision": row.revision,
        "source.commit": row.commit,
        "licence": row.licence,
    }
    return {key: value for key, value in facts.items() if value}


def _tag(key: str, value: str) -> Json:
    return {"key": key, "value": value}


def _now() -> int:
    return int(time.time() * 1000)
