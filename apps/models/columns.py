"""Which columns a list of runs shows, and what stands in their cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.models.models import Run
from apps.models.search.grammar import read_field
from apps.models.search.tree import Field, Kind, Term

MOST = 20
MOST_OFFERED = 200
AT_FIRST = {Kind.METRIC: 4, Kind.PARAM: 3}


@dataclass(frozen=True, slots=True)
class Column:
    """One chosen metric, param or tag."""

    field: Field

    @property
    def name(self) -> str:
        return str(self.field)

    @property
    def label(self) -> str:
        return self.field.key

    @property
    def numeric(self) -> bool:
        return self.field.kind is Kind.METRIC

    def of(self, run: Run) -> Any:
        """What the run has; `None` where it has nothing."""
        held: Any = {Kind.METRIC: run.metrics, Kind.PARAM: run.params, Kind.TAG: run.tags}
        return held[self.field.kind].get(self.field.key)


def chosen(names: Iterable[str]) -> list[Column]:
    """The columns that an address names; what it cannot mean is left out."""
    fields = dict.fromkeys(read_field(name) for name in names)
    shown = [each for each in fields if each and each.kind is not Kind.ATTRIBUTE]
    return [Column(each) for each in shown[:MOST]]


def usual(runs: Iterable[Run], term: Term) -> list[Column]:
    """What most of these runs logged, and what they are sorted by."""
    runs = list(runs)
    seen = {Kind.METRIC: _counted(run.metrics for run in runs)}
    seen[Kind.PARAM] = _counted(run.params for run in runs)
    fields = [Field(kind, key) for kind, most in AT_FIRST.items() for key in seen[kind][:most]]
    if term.field.kind is not Kind.ATTRIBUTE and term.field not in fields:
        fields.insert(0, term.field)
    return [Column(each) for each in fields]


def offered(runs: Iterable[Run], shown: Iterable[Column]) -> list[Column]:
    """What one may choose from: the shown ones, then whatever else these runs logged."""
    fields = [column.field for column in shown]
    for run in runs:
        fields += [Field(Kind.METRIC, key) for key in run.metrics]
        fields += [Field(Kind.PARAM, key) for key in run.params]
        fields += [Field(Kind.TAG, key) for key in run.tags if not key.startswith("mlflow.")]
    return [Column(each) for each in list(dict.fromkeys(fields))[:MOST_OFFERED]]


def _counted(logged: Iterable[dict[str, Any]]) -> list[str]:
    counts = Counter(key for each in logged for key in each)
    return [key for key, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
