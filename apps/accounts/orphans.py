"""What belongs to somebody who has left. Rooms to the right offer their own records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.accounts.models import User
from apps.core.access import Person


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record whose owner is no longer active, and the page where somebody else takes it over."""

    kind: str
    title: str
    owner: User
    url: str
    reassign_url: str = ""


Source = Callable[[Person], Iterable[Orphan]]
_sources: list[Source] = []


def source(find: Source) -> Source:
    """Offer orphans: `find(viewer)` answers those the viewer may see."""
    _sources.append(find)
    return find


def visible_to(viewer: Person) -> list[Orphan]:
    """Every orphan the viewer may see, by kind and title."""
    found = [orphan for find in _sources for orphan in find(viewer)]
    return sorted(found, key=lambda orphan: (orphan.kind, orphan.title))
