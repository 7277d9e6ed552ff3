"""Runs as the REST API tells them, read as cheaply as a list of hundreds must be.

What the database keeps as JSON is passed on as the text it is: nobody reads it on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast

from apps.models.models import Run

PLAIN = {
    "id": "pk",
    "project": "project__slug",
    "experiment": "experiment__name",
    "experiment_id": "experiment__mlflow_id",
    "run_id": "mlflow_id",
    "name": "name",
    "status": "status",
    "logged_by": "logged_by__username",
    "started_at": "started_at",
    "ended_at": "ended_at",
}
LOGGED = ("params", "metrics", "tags", "inputs")
MOMENTS = ("started_at", "ended_at")


def records(ids: Sequence[int]) -> list[dict[str, Any]]:
    """The runs of these ids in their order; the list that named them asked what may be seen."""
    texts = {f"{name}_text": Cast(name, TextField()) for name in LOGGED}
    columns = [*PLAIN.values(), *texts]
    found = (
        Run.objects.filter(pk__among=list(ids)).annotate(**texts).order_by().values_list(*columns)
    )
    told = {row[0]: _record(row) for row in found}
    return [told[pk] for pk in ids if pk in told]


def _record(row: tuple[Any, ...]) -> dict[str, Any]:
    record = dict(zip(PLAIN, row, strict=False))
    for name in MOMENTS:
        record[name] = _said(record[name])
    for name, text in zip(LOGGED, row[len(PLAIN) :], strict=True):
        record[name] = orjson.Fragment(text)
    return record


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
