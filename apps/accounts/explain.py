"""Why somebody sees a project: every grant, team and limit that leads to the role.

Projects stand to the right of accounts, so they offer their reasons here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.accounts.models import User
from apps.core.access import Role


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that gives a role, or with `role=None` one that takes it away."""

    text: str
    role: Role | None = None
    url: str = ""


Source = Callable[[User, int], Iterable[Reason]]
_sources: list[Source] = []


def source(find: Source) -> Source:
    """Offer reasons: `find(user, project_id)` names what gives this person a role there."""
    _sources.append(find)
    return find


def reasons(user: User, project_id: int) -> list[Reason]:
    """Everything that was offered about this person and project, the strongest first."""
    found = [reason for find in _sources for reason in find(user, project_id)]
    return sorted(found, key=lambda reason: -(reason.role or 0))
