"""Runs for searching, and what a filter means said plainly in Python."""

from __future__ import annotations

import math
import re
from typing import Any

from apps.models.mirror import runs
from apps.models.models import Run
from apps.models.search.tree import Comparison, Kind, Op, Term
from apps.projects.models import Project

Json = dict[str, Any]
LARGEST = 1.7976931348623157e308


def told(number: int, **logged: Any) -> Json:
    """A run as MLflow tells it: params, tags and metrics as dictionaries."""
    info = {
        "run_id": f"{number:032x}",
        "experiment_id": logged.get("experiment", "7"),
        "run_name": logged.get("name", f"run {number}"),
        "status": logged.get("status", "FINISHED"),
        "start_time": logged.get("start", 1_700_000_000_000 + number),
        "end_time": logged.get("end"),
        "artifact_uri": f"mlflow-artifacts:/1/{number:032x}/artifacts",
    }
    data = {
        kind: [{"key": key, "value": value} for key, value in logged.get(kind, {}).items()]
        for kind in ("params", "tags", "metrics")
    }
    inputs = [
        {
            "dataset": {"name": name, "digest": digest, "source_type": "", "source": ""},
            "tags": [{"key": "mlflow.data.context", "value": context}] if context else [],
        }
        for name, digest, context in logged.get("datasets", ())
    ]
    return {"info": info, "data": data, "inputs": {"dataset_inputs": inputs}}


def store(project: Project, told_runs: list[Json]) -> list[Run]:
    """The mirrored runs, oldest first."""
    for experiment in {each["info"]["experiment_id"] for each in told_runs}:
        runs.put_experiment(project, {"experiment_id": experiment, "name": f"e{experiment}"})
    runs.put_runs(project, told_runs)
    return list(Run.objects.filter(project=project).order_by("pk"))


def fulfils(run: Run, clause: Comparison) -> bool:
    """Whether a run fulfils one clause, without a database."""
    if clause.field.kind is Kind.DATASET:
        values = [each[clause.field.key] for each in run.inputs]
        return any(_holds(value, clause) for value in values if value)
    return _holds(_value(run, clause.field), clause)


def _value(run: Run, field: Any) -> Any:
    if field.kind is Kind.METRIC:
        held = run.metrics.get(field.key)
        if held is None or math.isnan(float(held)):
            return None if held is None else math.nan
        return max(-LARGEST, min(LARGEST, float(held)))
    if field.kind is Kind.PARAM:
        return run.params.get(field.key)
    if field.kind is Kind.TAG:
        return run.tags.get(field.key)
    if field.key in {"start_time", "end_time"}:
        at = run.started_at if field.key == "start_time" else run.ended_at
        return None if at is None else round(at.timestamp() * 1000)
    if field.key == "user_id":
        return run.tags.get("mlflow.user")
    names = {"run_id": "mlflow_id", "run_name": "name"}
    return getattr(run, names.get(field.key, field.key))


def _holds(held: Any, clause: Comparison) -> bool:
    wanted: Any = clause.value
    if clause.op is Op.MISSING:
        return held is None
    if held is None:
        return False
    return {
        Op.PRESENT: lambda: True,
        Op.EQUAL: lambda: held == wanted,
        Op.UNEQUAL: lambda: held != wanted,
        Op.LESS: lambda: held < wanted,
        Op.AT_MOST: lambda: held <= wanted,
        Op.MORE: lambda: held > wanted,
        Op.AT_LEAST: lambda: held >= wanted,
        Op.IN: lambda: held in wanted,
        Op.NOT_IN: lambda: held not in wanted,
        Op.LIKE: lambda: _like(held, wanted, re.DOTALL),
        Op.ILIKE: lambda: _like(held, wanted, re.DOTALL | re.IGNORECASE),
    }[clause.op]()


def _like(held: str, pattern: str, flags: int) -> bool:
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    said = {"%": ".*", "_": "."}
    expression = "".join(said.get(each) or re.escape(each[-1]) for each in pieces)
    return re.fullmatch(expression, held, flags) is not None


def ordered(found: list[Run], terms: tuple[Term, ...]) -> list[Run]:
    """The runs in the order of the terms: values, then NaN, then what lacks one."""
    found = sorted(found, key=lambda run: run.pk, reverse=terms[0].descending)
    for term in reversed(terms):
        groups: dict[int, list[Run]] = {0: [], 1: [], 2: []}
        for run in found:
            value = _value(run, term.field)
            groups[2 if value is None else 1 if value != value else 0].append(run)
        groups[0].sort(key=lambda run: _value(run, term.field), reverse=term.descending)
        found = groups[0] + groups[1] + groups[2]
    return found
