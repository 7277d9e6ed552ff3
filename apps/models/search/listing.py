"""One page of a sorted and filtered list of runs, and the cursors of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core import signing

from apps.core.access import Person
from apps.models.models import Experiment, Run, RunQuerySet
from apps.models.search.ordering import Cut, Spot, beyond, sorted_by, spot, spot_of
from apps.models.search.tree import Term
from apps.models.search.walk import can_walk, walk

SALT = "models.runs"


@dataclass(frozen=True, slots=True)
class Piece:
    """The ids of the runs of one page, and where its neighbours begin."""

    ids: list[int]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """The runs of one page, and where its neighbours begin."""

    rows: list[Run]
    next: str | None
    previous: str | None

    def __bool__(self) -> bool:
        return bool(self.rows)


def projects_with_runs(user: Person) -> list[int]:
    """The projects whose runs the person may see; each run has an experiment."""
    found = Experiment.objects.visible_to(user).order_by().values_list("project_id", flat=True)
    return sorted(found.distinct())


def page(runs: RunQuerySet, cut: Cut, projects: Sequence[int]) -> Page:
    """The piece of the list that `cut` asks for; `runs` says which, and what comes with them."""
    found = piece(runs, cut, projects)
    rows = runs.in_bulk(found.ids)
    return Page([rows[pk] for pk in found.ids if pk in rows], found.next, found.previous)


def piece(runs: RunQuerySet, cut: Cut, projects: Sequence[int]) -> Piece:
    """As `page`, without the rows themselves."""
    one_more = replace(cut, most=cut.most + 1)
    spots = _spots(runs, one_more, projects)
    more, shown = len(spots) > cut.most, spots[: cut.most]
    if cut.backwards:
        shown.reverse()
    before, after = (more, True) if cut.backwards else (cut.start is not None, more)
    return Piece(
        ids=[each.run_id for each in shown],
        next=write(shown[-1], cut.terms) if shown and after else None,
        previous=write(shown[0], cut.terms) if shown and before else None,
    )


def write(place: Spot, terms: tuple[Term, ...]) -> str:
    """The place as a cursor, signed for its order."""
    return signing.dumps(place.packed(), salt=_salt(terms))


def read(cursor: str, terms: tuple[Term, ...]) -> Spot | None:
    """The place behind a cursor; `None` where somebody bent it, or it is of another order."""
    try:
        return spot(signing.loads(cursor, salt=_salt(terms)), terms)
    except signing.BadSignature:
        return None


def _salt(terms: tuple[Term, ...]) -> str:
    return ":".join([SALT, *(f"{term.field}{'-' if term.descending else '+'}" for term in terms)])


def _spots(runs: RunQuerySet, cut: Cut, projects: Sequence[int]) -> list[Spot]:
    if not projects:
        return []
    found, start = list[Spot](), cut.start
    if can_walk(cut.terms, projects):
        walked = walk(runs, cut, projects)
        if walked.finished:
            return walked.spots
        found, start = walked.spots, walked.reached
    rest = sorted_by(runs, cut.terms, backwards=cut.backwards)
    if start:
        rest = rest.filter(beyond(start, cut.terms, backwards=cut.backwards))
    rest = rest.select_related(None).only("pk")
    return found + [spot_of(run, cut.terms) for run in rest[: cut.most - len(found)]]
