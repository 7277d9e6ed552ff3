"""A project's home is made of panels; each room offers its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.core.access import Person
from apps.projects.models import Project


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of one project for one person: its template gets `context` and the project."""

    title: str
    template: str
    order: int
    context: dict[str, Any] = field(default_factory=dict)


Source = Callable[[Person, Project], Panel | None]
_sources: list[Source] = []


def panel(make: Source) -> Source:
    """Offer a panel; `make(user, project)` answers `None` where it has nothing to say."""
    _sources.append(make)
    return make


def panels(user: Person, project: Project) -> list[Panel]:
    """The panels of this project for this person, in their order."""
    made = [found for make in _sources if (found := make(user, project)) is not None]
    return sorted(made, key=lambda item: item.order)
