"""What a filter string and an order mean, before anything knows of a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Where a field is looked for."""

    METRIC = "metrics"
    PARAM = "params"
    TAG = "tags"
    ATTRIBUTE = "attributes"
    DATASET = "datasets"


class Op(StrEnum):
    """How a field is compared."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    IN = "IN"
    NOT_IN = "NOT IN"
    MISSING = "IS NULL"
    PRESENT = "IS NOT NULL"


Value = float | str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a run has: a metric by its key, an attribute by its name."""

    kind: Kind
    key: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}"

    @property
    def numeric(self) -> bool:
        return self.kind is Kind.METRIC or (
            self.kind is Kind.ATTRIBUTE and self.key in NUMERIC_ATTRIBUTES
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """One clause of a filter; a filter is clauses that all hold."""

    field: Field
    op: Op
    value: Value = None


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to sort by."""

    field: Field
    descending: bool = False


# MLflow's words for the five places, and its names of attributes.
KINDS = {
    **dict.fromkeys(("metric", "metrics"), Kind.METRIC),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), Kind.PARAM),
    **dict.fromkeys(("tag", "tags"), Kind.TAG),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), Kind.ATTRIBUTE),
    **dict.fromkeys(("dataset", "datasets"), Kind.DATASET),
}
ATTRIBUTES = {
    "run_id": "run_id",
    "run_name": "run_name",
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
    "status": "status",
    "artifact_uri": "artifact_uri",
    "user_id": "user_id",
    "start_time": "start_time",
    "created": "start_time",
    "Created": "start_time",
    "end_time": "end_time",
}
NUMERIC_ATTRIBUTES = {"start_time", "end_time"}
DATASET_KEYS = ("name", "digest", "context")
NEWEST = (Term(Field(Kind.ATTRIBUTE, "start_time"), descending=True),)
