"""What accounts must know of projects, which stand to their right: projects install the answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from apps.core.access import Person


@dataclass(frozen=True, slots=True)
class Place:
    """One project, as far as accounts care."""

    id: int
    slug: str
    name: str
    url: str


class Places(Protocol):
    """The questions; `visible_to` narrows to what the person may see."""

    def visible_to(self, user: Person) -> Sequence[Place]: ...

    def colleague_ids(self, user: Person) -> Iterable[int]:
        """Ids of the people and service accounts who hold a role in a project the person may see.

        A queryset of ids is best: it stays a subquery.
        """
        ...


class _Nowhere:
    def visible_to(self, user: Person) -> Sequence[Place]:
        return ()

    def colleague_ids(self, user: Person) -> Iterable[int]:
        return ()


_installed: list[Places] = [_Nowhere()]


def install(places: Places) -> None:
    """Make `places` the one that knows the projects."""
    _installed[:] = [places]


def visible_to(user: Person) -> Sequence[Place]:
    """The projects the person may see, by name."""
    return _installed[0].visible_to(user)


def colleague_ids(user: Person) -> Iterable[int]:
    """Ids of everybody who holds a role in a project the person may see."""
    return _installed[0].colleague_ids(user)
