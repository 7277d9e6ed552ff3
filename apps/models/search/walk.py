"""The short way through a list sorted by one thing: read its index from an end, a stretch at a time.

PostgreSQL cannot know how many of the first rows a filter lets pass, and sorts 100,000 rows where the
first hundred would do. So a stretch of the index is read first, and only its runs are filtered. Where
that finds too few, few runs match, and the database may look for those in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.models.models import Run, RunMetric, RunParam, RunQuerySet
from apps.models.search.matching import COLUMNS, valued
from apps.models.search.ordering import HAS, LACKS, NAN, Cut, Spot
from apps.models.search.tree import Field, Kind, Term

# How many rows of the index the stretches read: the first, the least and the most that follow.
FIRST, LEAST, MOST = 400, 400, 3000
STRETCHES = 3
MOST_PROJECTS = 60
WALKED = {"started_at", "ended_at", "name", "status"}  # the columns with an index


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found, how far it came, and whether that is all there is to find."""

    spots: list[Spot]
    reached: Spot | None
    finished: bool


@dataclass(frozen=True, slots=True)
class Leg:
    """The part of a list whose runs have a value, NaN, or nothing."""

    rank: int
    rows: QuerySet[Any]
    value: str | None
    run: str
    downwards: bool


def can_walk(terms: tuple[Term, ...], projects: Sequence[int]) -> bool:
    """Whether one index of each project says the order."""
    only = terms[0].field
    indexed = (
        COLUMNS.get(only.key) in WALKED
        if only.kind is Kind.ATTRIBUTE
        else only.kind in {Kind.METRIC, Kind.PARAM}
    )
    return len(terms) == 1 and indexed and 0 < len(projects) <= MOST_PROJECTS


def walk(runs: RunQuerySet, cut: Cut, projects: Sequence[int]) -> Walk:
    """The first runs of a cut, as far as the stretches reach."""
    found, reached = list[Spot](), cut.start
    legs, wanted = _legs(cut), max(FIRST, cut.most)
    leg = next(legs, None)
    for _ in range(STRETCHES):
        if leg is None or len(found) == cut.most:
            break
        read = wanted
        spots = _stretch(leg, projects, reached, read)
        passing = _passing(runs, spots)
        found += passing[: cut.most - len(found)]
        wanted = _next_stretch(cut.most - len(found), len(passing), wanted)
        reached = spots[-1] if spots else reached
        if len(spots) < read:
            leg = next(legs, None)
    return Walk(found, reached, finished=leg is None or len(found) == cut.most)


def _next_stretch(needed: int, passed: int, read: int) -> int:
    """As much as should be enough if the filter goes on letting as many pass."""
    expected = needed * read * 3 // (2 * passed) if passed else MOST // 3
    return max(LEAST, min(MOST, expected))


def _legs(cut: Cut) -> Iterator[Leg]:
    """The legs from the start on, each made when it is come to: most pages end within the first."""
    term = cut.terms[0]
    ranks = [HAS, NAN, LACKS] if term.field.kind is not Kind.ATTRIBUTE else [HAS, LACKS]
    if cut.backwards:
        ranks.reverse()
    if cut.start is not None:
        rank = cut.start.keys[0][0]
        ranks = ranks[ranks.index(rank) :] if rank in ranks else []
    for rank in ranks:
        rows, value, run = _rows(term.field, rank)
        for clause in cut.within if rank == HAS else ():
            rows = rows.filter(valued(clause))
        yield Leg(rank, rows, value, run, term.descending != cut.backwards)


def _rows(field: Field, rank: int) -> tuple[QuerySet[Any], str | None, str]:
    """The rows of a leg, the column it is sorted by, and the one that names the run."""
    if field.kind is Kind.ATTRIBUTE:
        column = COLUMNS[field.key]
        runs = Run.objects.filter(**{f"{column}__isnull": rank != HAS})
        return runs, column if rank == HAS else None, "pk"
    model: type[RunMetric | RunParam] = RunMetric if field.kind is Kind.METRIC else RunParam
    rows = model.objects.filter(key=field.key)
    if rank == LACKS:
        return Run.objects.filter(~Exists(rows.filter(run=OuterRef("pk")))), None, "pk"
    return rows.filter(value__isnull=rank == NAN), "value" if rank == HAS else None, "run_id"


def _stretch(leg: Leg, projects: Sequence[int], reached: Spot | None, most: int) -> list[Spot]:
    """The next runs of a leg, whatever the filter says of them."""
    rows = leg.rows
    if reached and reached.keys[0][0] == leg.rank:
        rows = rows.filter(_further(leg, reached))
    names = [name for name in (leg.value, leg.run) if name]
    order = [f"-{name}" if leg.downwards else name for name in names]
    # One scan for each project: an index that begins with the project is sorted within it.
    scans = [
        rows.filter(project_id=project).order_by(*order).values_list(*names)[:most]
        for project in projects
    ]
    found = scans[0] if len(scans) == 1 else scans[0].union(*scans[1:], all=True).order_by(*order)
    return [Spot(((leg.rank, row[0] if leg.value else None),), row[-1]) for row in found[:most]]


def _further(leg: Leg, reached: Spot) -> Q:
    side, (_, value) = "lt" if leg.downwards else "gt", reached.keys[0]
    run = Q(**{f"{leg.run}__{side}": reached.run_id})
    if leg.value is None:
        return run
    # The first condition alone is what the index can start from.
    return Q(**{f"{leg.value}__{side}e": value}) & (Q(**{f"{leg.value}__{side}": value}) | run)


def _passing(runs: RunQuerySet, spots: list[Spot]) -> list[Spot]:
    """Those that the filter lets pass, in their order."""
    if not spots:
        return []
    passing = runs.filter(pk__among=[spot.run_id for spot in spots]).order_by()
    kept = set(passing.values_list("pk", flat=True))
    return [spot for spot in spots if spot.run_id in kept]
