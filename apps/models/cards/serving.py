"""Where versions answer. The rooms on the right, which serve them, say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apps.models.models import RegisteredModel


@dataclass(frozen=True, slots=True)
class Place:
    """One place where one version answers."""

    name: str
    environment: str
    version_id: int
    number: int
    since: datetime | None


Source = Callable[[RegisteredModel], list[Place]]
_sources: list[Source] = []


def source(find: Source) -> None:
    """Let `find` name the places of a model."""
    if find not in _sources:
        _sources.append(find)


def places(model: RegisteredModel) -> list[Place]:
    """Every place where a version of the model answers now."""
    found = [place for find in _sources for place in find(model)]
    return sorted(found, key=lambda place: (place.environment, place.name))
