"""The services that may be proposed: what each takes, what it would do, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.contrib.auth.models import AbstractUser

from apps.assistant.schemas import Arguments, validated
from apps.core.access import Role
from apps.core.errors import Invalid
from apps.projects.models import Project

A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Draft:
    """What would happen, as things stand now. `state` is whatever it depends on."""

    project: Project
    title: str
    plan: tuple[str, ...]
    consequence: str
    needed: Role
    state: tuple[object, ...]
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, and where to follow it."""

    note: str
    url: str


@dataclass(frozen=True)
class Kind(Generic[A]):
    """One service: `draft` looks with the rights of whoever asks, `run` acts with those of who approves."""

    name: str
    purpose: str
    takes: type[A]
    draft: Callable[[AbstractUser, A], Draft] = field(repr=False)
    run: Callable[[AbstractUser, A], Outcome] = field(repr=False)

    def arguments(self, given: dict[str, Any]) -> A:
        """The arguments, or `Invalid`."""
        return validated(self.takes, given)


KINDS: dict[str, Kind[Any]] = {}


def offer(kind: Kind[Any]) -> None:
    """Let the assistant propose it."""
    if KINDS.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"two services are proposed as {kind.name}")


def kind(name: str) -> Kind[Any]:
    """The service of that name, or `Invalid` with those that there are."""
    found = KINDS.get(name)
    if found is None:
        raise Invalid(field="service", reason=f"one of {', '.join(sorted(KINDS))}")
    return found
