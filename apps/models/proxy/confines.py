"""What stays inside the project where MLflow takes a client at its word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from apps.models import servers
from apps.models.proxy import refusals
from apps.models.proxy.change import Change
from apps.models.upstream import Upstream

# Tags of a trace by which MLflow finds its files. MLflow sets them, and opens what they name unasked.
PLACES = frozenset(
    {"mlflow.artifactLocation", "mlflow.trace.archiveLocation", "mlflow.trace.spansLocation"}
)
# MLflow makes the id of a run from 32 hexadecimal digits: no run of anybody has a shorter one.
_NOBODYS_RUN = re.compile(r"[0-9A-Za-z_-]{1,31}")
MODEL_IDS = frozenset({"model_id", "modelId"})
MOST_MODELS = 100
MOST_KNOWN = 10_000
# Logged models that were found in their project: one stays there for ever.
_known: set[tuple[str, str, str]] = set()


def keeps_trace_places(change: Change) -> None:
    """Where a trace's files are is MLflow's to say."""
    refuse_places(PLACES.intersection(_words(change.body)))


def refuse_places(named: set[str] | frozenset[str]) -> None:
    if named:
        raise refusals.denied(f"The tag {min(named)} is set by MLflow alone. Leave it out.")


def keeps_to_own_models(change: Change) -> None:
    """Metrics, inputs and outputs name logged models of the same project."""
    named = set(_model_ids(change.body)) - {""}
    if len(named) > MOST_MODELS:
        raise refusals.unusable(f"model_id: at most {MOST_MODELS} logged models at a time.")
    mlflow = Upstream(change.project.slug)
    for model in named:
        _require_model(mlflow, model)


def keeps_to_own_runs(change: Change) -> None:
    """A logged model comes from a run of the same project."""
    if run := change.text("source_run_id"):
        require_run(change.project.slug, run)


def require_run(workspace: str, run: str) -> None:
    """A run that is named is one of this project.

    A word that can be no run's id is free, as in MLflow: it leads nowhere.
    """
    if _NOBODYS_RUN.fullmatch(run):
        return
    if Upstream(workspace).find("2.0/mlflow/runs/get", run_id=run) is None:
        raise refusals.absent(f"Run {run[:80]!r}")


def keeps_own_folder(change: Change) -> None:
    """MLflow opens whatever folder an experiment names; one with workspaces refuses that by itself."""
    if change.text("artifact_location") and not servers.of(change.project.slug).workspaces:
        raise refusals.denied(
            "artifact_location: MLflow chooses where an experiment's files lie. Leave it out."
        )


def knows_dataset(change: Change) -> None:
    """MLflow's answer for one that it does not have is an error of its own making."""
    dataset = change.path.rstrip("/").split("/")[-2]
    found = Upstream(change.project.slug).find(f"3.0/mlflow/datasets/{quote(dataset, safe='')}")
    if found is None:
        raise refusals.absent(f"Dataset {dataset[:80]!r}")


def _require_model(mlflow: Upstream, model: str) -> None:
    place = (mlflow.server.url, mlflow.workspace, model)
    if place in _known:
        return
    path = f"2.0/mlflow/logged-models/{quote(model, safe='')}"
    if mlflow.find(path) is None:
        raise refusals.absent(f"Logged model {model[:80]!r}")
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known.add(place)


def _model_ids(body: Any) -> Iterator[str]:
    for found in parts(body):
        if isinstance(found, dict):
            yield from (str(found[name] or "") for name in MODEL_IDS & found.keys())


def _words(body: Any) -> Iterator[str]:
    for found in parts(body):
        if isinstance(found, dict):
            yield from found
        elif isinstance(found, str):
            yield found


def parts(body: Any) -> Iterator[Any]:
    """The body and everything in it, however deep."""
    waiting = [body]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
