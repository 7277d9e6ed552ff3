"""Sorts runs by any terms, whatever the database makes of it; `walk` is the short way for one term.

Values come first, then NaN, then what a run lacks, upwards and downwards alike: MLflow's order.
Ties are broken by the time at which the portal first saw the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, FilteredRelation, IntegerField, Q, Value, When
from django.db.models.functions import Collate, Left

from apps.models.models import Run, RunQuerySet
from apps.models.search.lookups import text_of
from apps.models.search.matching import COLUMNS, json_field
from apps.models.search.tree import Comparison, Field, Kind, Op, Term

LONGEST_SORTED = 250
HAS, NAN, LACKS = 0, 1, 2
Key = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a sorted list: what its run has for each term, and the run."""

    keys: tuple[Key, ...]
    run_id: int

    def packed(self) -> list[Any]:
        """As JSON can hold it."""
        told = [[rank, _packed(value)] for rank, value in self.keys]
        return [told, self.run_id]


@dataclass(frozen=True, slots=True)
class Cut:
    """The piece of a sorted list that is asked for.

    `within` are clauses of the filter that speak of what the list is sorted by: where its index begins and ends.
    """

    terms: tuple[Term, ...]
    most: int
    start: Spot | None = None
    backwards: bool = False
    within: tuple[Comparison, ...] = ()


def bounds(clauses: Iterable[Comparison], terms: tuple[Term, ...]) -> tuple[Comparison, ...]:
    """Those clauses that bound the metric the list is sorted by."""
    first = terms[0].field
    return tuple(
        each
        for each in clauses
        if each.field == first and first.kind is Kind.METRIC and each.op is not Op.UNEQUAL
    )


def spot(packed: list[Any], terms: tuple[Term, ...]) -> Spot:
    """The place that was packed for these terms."""
    told, run_id = packed
    pairs = zip(told, terms, strict=True)
    keys = tuple((rank, _unpacked(value, term.field)) for (rank, value), term in pairs)
    return Spot(keys, run_id)


def sorted_by(runs: RunQuerySet, terms: tuple[Term, ...], *, backwards: bool) -> RunQuerySet:
    """The runs in the order of the terms, each with `rank_0`, `value_0` and so on."""
    order: list[Any] = []
    for number, term in enumerate(terms):
        runs = _annotated(runs, term.field, number)
        order += [
            _directed(f"rank_{number}", backwards),
            _directed(f"value_{number}", term.descending != backwards),
        ]
    return runs.order_by(*order, _directed("pk", terms[0].descending != backwards))


def beyond(place: Spot, terms: tuple[Term, ...], *, backwards: bool) -> Q:
    """What comes after a place in that order."""
    columns: list[tuple[str, Any, bool]] = []
    for number, (term, (rank, value)) in enumerate(zip(terms, place.keys, strict=True)):
        columns.append((f"rank_{number}", rank, backwards))
        if value is not None:
            columns.append((f"value_{number}", value, term.descending != backwards))
    columns.append(("pk", place.run_id, terms[0].descending != backwards))
    found, same = Q(), Q()
    for name, value, downwards in columns:
        found |= same & Q(**{f"{name}__{'lt' if downwards else 'gt'}": value})
        same &= Q(**{name: value})
    return found


def spot_of(run: Run, terms: tuple[Term, ...]) -> Spot:
    """The place of a run that `sorted_by` found."""
    keys = ((getattr(run, f"rank_{n}"), getattr(run, f"value_{n}")) for n in range(len(terms)))
    return Spot(tuple(keys), run.pk)


def _directed(name: str, downwards: bool) -> Any:
    return F(name).desc() if downwards else F(name).asc()


def _annotated(runs: RunQuerySet, field: Field, number: int) -> RunQuerySet:
    name = f"value_{number}"
    if field.kind is Kind.METRIC or field.kind is Kind.PARAM:
        rows = "last_metrics" if field.kind is Kind.METRIC else "sorted_params"
        joined = f"logged_{number}"
        relation = FilteredRelation(rows, condition=Q(**{f"{rows}__key": field.key}))
        runs = runs.alias(**{joined: relation}).annotate(**{name: F(f"{joined}__value")})
        return runs.annotate(**{f"rank_{number}": _rank(f"{joined}__id", name)})
    if column := COLUMNS.get(field.key) if field.kind is Kind.ATTRIBUTE else None:
        runs = runs.annotate(**{name: F(column)})
    else:
        text = Collate(Left(text_of(*json_field(field)), LONGEST_SORTED), "C")
        runs = runs.annotate(**{name: text})
    return runs.annotate(**{f"rank_{number}": _rank(name, name)})


def _rank(present: str, value: str) -> Case:
    return Case(
        When(**{f"{present}__isnull": True}, then=Value(LACKS)),
        When(**{f"{value}__isnull": True}, then=Value(NAN)),
        default=Value(HAS),
        output_field=IntegerField(),
    )


def _packed(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _unpacked(value: Any, field: Field) -> Any:
    moment = field.kind is Kind.ATTRIBUTE and field.numeric and value is not None
    return datetime.fromisoformat(value) if moment else value
