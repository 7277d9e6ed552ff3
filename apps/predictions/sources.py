"""How a deployment's name becomes an id. Deployments stand to the right and install the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.access import Person, Role


@dataclass(frozen=True, slots=True)
class Source:
    """A deployment as the prediction log knows it."""

    deployment_id: int
    project_id: int
    slug: str


Resolve = Callable[[Person, str, Role], Source]
_installed: list[Resolve] = []


def install(resolve: Resolve) -> None:
    """Let `resolve(user, slug, at_least)` answer; `NotFound` for what the person may not see."""
    _installed[:] = [resolve]


def resolve(user: Person, slug: str, at_least: Role) -> Source:
    """The deployment of that name, where the person holds at least this role."""
    return _installed[0](user, slug, at_least)
