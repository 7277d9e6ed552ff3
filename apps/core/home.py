"""The home page is made of panels; each app offers its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractUser


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel for one person; `needs_me` puts it on top."""

    title: str
    template: str
    order: int
    needs_me: bool = False
    context: dict[str, Any] = field(default_factory=dict)


Source = Callable[[AbstractUser], Panel | None]
_sources: list[Source] = []


def panel(make: Source) -> Source:
    """Offer a panel; `make(user)` answers `None` where it has nothing to say."""
    _sources.append(make)
    return make


def panels(user: AbstractUser) -> list[Panel]:
    """The panels of this person, what needs them first."""
    made = [found for make in _sources if (found := make(user)) is not None]
    return sorted(made, key=lambda item: (not item.needs_me, item.order))
