"""One search over everything. Each app offers a source; the right is part of each source's query."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from apps.core.access import Person


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; `document` is the id of the page that a passage belongs to."""

    kind: str
    id: int
    document: int | None
    title: str
    snippet: str
    score: float
    url: str


@dataclass(frozen=True, slots=True)
class Query:
    """Who looks for what, where."""

    user: Person
    words: str
    project: str | None = None
    most: int = 20


Source = Callable[[Query], list[Hit]]
_sources: dict[str, Source] = {}


def source(kind: str, find: Source) -> None:
    """Offer results of one kind; `find` filters by the person's rights inside its query."""
    if _sources.setdefault(kind, find) is not find:
        raise ValueError(f"two sources are called {kind}")


def kinds() -> list[str]:
    """What can be searched."""
    return sorted(_sources)


def search(query: Query, wanted: Collection[str] = ()) -> list[Hit]:
    """The best hits of the wanted kinds, best first."""
    found = [
        hit
        for kind, find in _sources.items()
        if not wanted or kind in wanted
        for hit in find(query)
    ]
    return sorted(found, key=lambda hit: -hit.score)[: query.most]
