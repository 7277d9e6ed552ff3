"""What lacks a document: each app on the right says which of its records have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.access import Person


@dataclass(frozen=True, slots=True)
class Lack:
    """One record without its document."""

    name: str
    project: str
    url: str


Find = Callable[[Person], list[Lack]]
_finds: dict[str, Find] = {}


def register(title: str, find: Find) -> None:
    """Offer a list for the health page; `find` filters by the person's rights."""
    if _finds.setdefault(title, find) is not find:
        raise ValueError(f"two lists are called {title}")


def lacking(user: Person) -> dict[str, list[Lack]]:
    """Every list, as the person may see it."""
    return {title: find(user) for title, find in _finds.items()}
