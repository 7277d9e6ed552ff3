"""How a deployment's name becomes an id. Deployments stand to the right and install the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.core.access import Person, Role
from apps.predictions.expected import Column


@dataclass(frozen=True, slots=True)
class Source:
    """A deployment as the prediction log knows it."""

    deployment_id: int
    project_id: int
    slug: str
    # What the signature of each version asks of inputs, by the version's number; "" is the live one.
    expected: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)


Resolve = Callable[[Person, str, Role], Source]
Known = Callable[[int], Source | None]
_installed: list[tuple[Resolve, Known]] = []


def install(resolve: Resolve, known: Known) -> None:
    """Let `resolve(user, slug, at_least)` answer, `NotFound` for what the person may not see.

    `known(deployment_id)` answers jobs, which nobody asks for.
    """
    _installed[:] = [(resolve, known)]


def resolve(user: Person, slug: str, at_least: Role) -> Source:
    """The deployment of that name, where the person holds at least this role."""
    return _installed[0][0](user, slug, at_least)


def known(deployment_id: int) -> Source | None:
    """The deployment of that id; `None` where there is none."""
    return _installed[0][1](deployment_id)
