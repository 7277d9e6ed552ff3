"""From the clauses of a filter to a query over runs.

What a run lacks it never matches, not even by `!=`; NaN matches `!=` alone. So does MLflow.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from apps.models.models import RunMetric, RunQuerySet
from apps.models.search.lookups import AnyInput, text_of
from apps.models.search.tree import Comparison, Field, Kind, Op

LOOKUPS = {
    Op.EQUAL: "exact",
    Op.LESS: "lt",
    Op.AT_MOST: "lte",
    Op.MORE: "gt",
    Op.AT_LEAST: "gte",
    Op.LIKE: "like",
    Op.ILIKE: "ilike",
    Op.IN: "in",
}
OPPOSITES = {Op.UNEQUAL: "exact", Op.NOT_IN: "in"}
# Where the mirror keeps an attribute.
COLUMNS = {
    "run_id": "mlflow_id",
    "run_name": "name",
    "status": "status",
    "artifact_uri": "artifact_uri",
    "start_time": "started_at",
    "end_time": "ended_at",
}
USER = Field(Kind.TAG, "mlflow.user")
JSON = {Kind.PARAM: "params", Kind.TAG: "tags"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999  # milliseconds that a date can say


def matching(runs: RunQuerySet, clauses: Iterable[Comparison]) -> RunQuerySet:
    """The runs that fulfil every clause."""
    for number, clause in enumerate(clauses):
        runs = _narrowed(runs, clause, f"_clause_{number}")
    return runs


def moment(milliseconds: float) -> datetime:
    """MLflow's time as a moment; what no calendar knows becomes the first or the last one."""
    return EPOCH + timedelta(milliseconds=max(FIRST, min(LAST, milliseconds)))


def valued(clause: Comparison) -> Q:
    """What a clause asks of a metric's row."""
    if clause.op is Op.UNEQUAL:
        return Q(value=None) | ~Q(value=clause.value)
    return Q(**{f"value__{LOOKUPS[clause.op]}": clause.value})


def json_field(field: Field) -> tuple[str, str]:
    """The JSON column and the key of a param, a tag, or the one attribute that is a tag."""
    place = USER if field.key == "user_id" and field.kind is Kind.ATTRIBUTE else field
    return JSON[place.kind], place.key


def _narrowed(runs: RunQuerySet, clause: Comparison, name: str) -> RunQuerySet:
    if clause.field.kind is Kind.METRIC:
        return runs.filter(_metric(clause))
    if clause.field.kind is Kind.DATASET:
        return runs.filter(_dataset(clause))
    if clause.field.kind is Kind.ATTRIBUTE and clause.field.key in COLUMNS:
        return runs.filter(_attribute(clause))
    return _logged(runs, clause, name)


def _metric(clause: Comparison) -> Exists:
    rows = RunMetric.objects.filter(run=OuterRef("pk"), key=clause.field.key)
    return Exists(rows.filter(valued(clause)))


def _attribute(clause: Comparison) -> Q:
    column = COLUMNS[clause.field.key]
    value: Any = clause.value
    if clause.field.numeric:
        assert isinstance(value, float)
        value = moment(value)
    return _compared(column, clause.op, value)


def _logged(runs: RunQuerySet, clause: Comparison, name: str) -> RunQuerySet:
    """Params and tags. Equality is asked in the one form that an index answers."""
    column, key = json_field(clause.field)
    if clause.op is Op.EQUAL:
        return runs.filter(**{f"{column}__contains": {key: clause.value}})
    runs = runs.alias(**{name: text_of(column, key)})
    if clause.op in {Op.MISSING, Op.PRESENT}:
        return runs.filter(**{f"{name}__isnull": clause.op is Op.MISSING})
    return runs.filter(_compared(name, clause.op, clause.value))


def _compared(name: str, op: Op, value: Any) -> Q:
    if op in OPPOSITES:
        return Q(**{f"{name}__isnull": False}) & ~Q(**{f"{name}__{OPPOSITES[op]}": value})
    return Q(**{f"{name}__{LOOKUPS[op]}": value})


def _dataset(clause: Comparison) -> Any:
    if clause.op is Op.EQUAL and clause.value:
        return Q(inputs__contains=[{clause.field.key: clause.value}])
    return AnyInput(clause.field.key, clause.op, clause.value)
