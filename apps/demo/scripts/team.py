"""What the demo's training scripts share: a team's own code over the unchanged MLflow client.

Run again after a stop, a script does only what is missing: runs are known by name, versions by their mark.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow
import numpy as np
import pandas as pd
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric, Param, RunTag
from sklearn.model_selection import train_test_split

# The share of rows that come from the part of the data which a shift moves to.
SHIFTED_SHARE = 0.8
SLOWNESS = 0.35  # seconds that the slow version takes for each call
Score = Callable[[Any, pd.DataFrame, pd.Series], dict[str, float]]


@dataclass(frozen=True)
class Job:
    """One data set, the models to try on it, and how they are measured."""

    model: str
    dataset: str
    inputs: pd.DataFrame
    target: pd.Series
    lens: str  # the column whose large values are the sub-population
    candidates: Sequence[tuple[str, Mapping[str, Any], Any]]
    score: Score
    best_by: str
    careless: Any  # a model that looks good on its own training rows alone


class Slow:
    """A right answer that takes its time, as after a careless change of preprocessing."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def predict(self, rows: pd.DataFrame) -> Any:
        time.sleep(SLOWNESS)
        return self.inner.predict(rows)


def run(job: Job) -> None:
    """Do what the command line asks for."""
    words = argparse.ArgumentParser()
    words.add_argument(
        "--make", choices=["all", "retrained", "usual", "careless", "slow"], default="all"
    )
    words.add_argument("--mark", default="")
    words.add_argument("--rows", type=Path, help="where to write the held-out rows")
    asked = words.parse_args()
    _end_with_parent()
    mlflow.set_experiment(job.model)
    _tidy(mlflow.MlflowClient(), job.model)
    parts = train_test_split(job.inputs, job.target, test_size=0.4, random_state=7)
    if asked.rows:
        _write_rows(job, asked.rows, parts[1], parts[3])
    if asked.make == "all":
        _train_all(job, parts)
    else:
        _train_one(job, parts, asked.make, asked.mark)
    sys.stdout.write("trained\n")


def _end_with_parent() -> None:
    """Whoever started this holds the other end of the pipe: when it goes, this ends too."""

    def wait() -> None:
        os.read(0, 1)  # not through sys.stdin, whose lock a daemon thread would hold at the end
        os._exit(3)

    threading.Thread(target=wait, daemon=True).start()


def _tidy(client: mlflow.MlflowClient, experiment: str) -> None:
    """Take away what an earlier start was killed in the middle of."""
    used = {version.run_id for version in _versions(client, experiment)}
    for run in _runs(client, experiment):
        is_half = run.info.status != "FINISHED" or "demo" not in run.data.tags
        if is_half and run.info.run_id not in used:
            client.delete_run(run.info.run_id)


def _write_rows(job: Job, path: Path, rows: pd.DataFrame, truth: pd.Series) -> None:
    """The rows that nothing was trained on; `shifted` tells which belong to the sub-population."""
    limit = job.inputs[job.lens].quantile(0.7)
    told = {
        "columns": list(rows.columns),
        "rows": rows.to_numpy().tolist(),
        "truth": truth.to_list(),
        "shifted": np.flatnonzero(rows[job.lens].to_numpy() > limit).tolist(),
    }
    path.write_text(json.dumps(told))


def _train_all(job: Job, parts: Any) -> None:
    """Every candidate a run; the best of each kind is registered, the simple one first."""
    train, test, labels, truth = parts
    client = mlflow.MlflowClient()
    known = {run.info.run_name for run in _runs(client, job.model)}
    dataset = from_pandas(train, name=job.dataset)
    best: dict[str, tuple[float, Any]] = {}
    for kind, params, model in job.candidates:
        model.fit(train, labels)
        scores = job.score(model, test, truth)
        name = f"{kind} " + " ".join(f"{key}={value}" for key, value in params.items())
        rank = scores[job.best_by] * (-1 if job.best_by in {"rmse", "mae"} else 1)
        if name not in known:
            _log(client, name, {"kind": kind, **params}, scores, dataset)
        if kind not in best or rank > best[kind][0]:
            best[kind] = (rank, model)
    for number, (kind, (_, model)) in enumerate(best.items(), start=1):
        if number > len(_versions(client, job.model)):
            scores = job.score(model, test, truth)
            register(job, f"{kind} chosen", model, train, scores)


def _train_one(job: Job, parts: Any, kind: str, mark: str) -> None:
    """One more version: retrained on a grown sub-population, on the usual rows, careless, or slow."""
    train, test, labels, truth = parts
    client = mlflow.MlflowClient()
    if any(version.tags.get("demo.mark") == mark for version in _versions(client, job.model)):
        return
    _, _, model = job.candidates[0]
    if kind == "retrained":
        train, labels = _shifted(job, train, labels)
        test, truth = _shifted(job, test, truth)
    if kind == "careless":
        # The mistake of the story: labels slipped against their rows, and the score is taken from training.
        model, labels = job.careless, pd.Series(np.roll(labels.to_numpy(), 7), index=labels.index)
        test, truth = train, labels
    model.fit(train, labels)
    scores = job.score(model, test, truth)
    served = Slow(model) if kind == "slow" else model
    tags = {"demo.mark": mark, "demo.kind": kind}
    register(job, f"{kind} {mark}", served, train, scores, tags=tags)


def _shifted(job: Job, rows: pd.DataFrame, truth: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Rows drawn as they arrive once the sub-population has grown."""
    limit = job.inputs[job.lens].quantile(0.7)
    is_large = (rows[job.lens] > limit).to_numpy()
    chance = np.where(
        is_large, SHIFTED_SHARE / is_large.sum(), (1 - SHIFTED_SHARE) / (~is_large).sum()
    )
    draw = np.random.default_rng(7).choice(len(rows), size=len(rows), p=chance)
    return rows.iloc[draw], truth.iloc[draw]


def register(
    job: Job,
    name: str,
    model: Any,
    train: pd.DataFrame,
    scores: Mapping[str, float],
    *,
    tags: Mapping[str, str] | None = None,
) -> None:
    """A run with the model itself and the rows it was trained on, and a version of it."""
    cloudpickle.register_pickle_by_value(sys.modules[Slow.__module__])
    with mlflow.start_run(run_name=name):
        mlflow.log_params({"kind": name, **_simple(model)})
        mlflow.log_input(from_pandas(train, name=job.dataset), context="training")
        _log_inputs(train)
        signature = mlflow.models.infer_signature(train, model.predict(train.head(50)))
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=signature,
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
        # After the model, and of it: the client writes what was measured before once more for the model,
        # and the server's database refuses the second row of the same moment.
        mlflow.log_metrics(dict(scores), model_id=logged.model_id)
    _add_version(job.model, logged, tags or {})


def _add_version(name: str, logged: Any, tags: Mapping[str, str]) -> None:
    """As `mlflow.register_model` does, but it looks before it makes the model, instead of being refused."""
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    client.create_model_version(name, logged.model_uri, tags=dict(tags), model_id=logged.model_id)


def _simple(model: Any) -> dict[str, Any]:
    """The settings of the last step of a model that are plain numbers and words."""
    last = getattr(model, "inner", model)
    last = last[-1] if hasattr(last, "steps") else last
    return {
        key: value
        for key, value in last.get_params().items()
        if isinstance(value, int | float | str)
    }


def _log(
    client: mlflow.MlflowClient,
    name: str,
    params: Mapping[str, Any],
    scores: Mapping[str, float],
    dataset: Any,
) -> None:
    """A run without its model: one call for what it was given and what came of it."""
    with mlflow.start_run(run_name=name) as run:
        now = int(time.time() * 1000)
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in scores.items()],
            params=[Param(key, str(value)) for key, value in params.items()],
            tags=[RunTag("demo", "yes")],
        )
        mlflow.log_input(dataset, context="training")


def _log_inputs(train: pd.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.csv"
        train.to_csv(path, index=False)
        mlflow.log_artifact(str(path), "training")


def _runs(client: mlflow.MlflowClient, experiment: str) -> list[Any]:
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id], max_results=1000))


def _versions(client: mlflow.MlflowClient, name: str) -> list[Any]:
    return list(client.search_model_versions(f"name = '{name}'"))
