"""Who gathers what. Others add theirs with `register`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads one topic. `what` is said where it fails; `last` ones see what the others found.

    One with `alarm=False` is not torn out of its Python: it calls code that keeps a state of its own.
    """

    name: str
    what: str
    gather: Callable[[Case], Iterable[Item]]
    seconds: float = 4.0
    last: bool = False
    alarm: bool = True


GATHERERS: dict[str, Gatherer] = {}


def register(gatherer: Gatherer) -> None:
    """Let every pack ask it, too."""
    if GATHERERS.setdefault(gatherer.name, gatherer) is not gatherer:
        raise ValueError(f"two gatherers are called {gatherer.name}")


def in_order() -> list[Gatherer]:
    """Every gatherer, those that look at the others' findings at the end."""
    return sorted(GATHERERS.values(), key=lambda each: each.last)
