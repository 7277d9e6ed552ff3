"""The questions of the one policy. `apps.projects.policy` answers them and is installed at start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models

from apps.core.errors import NotFound, RoleNeeded, SiteAdminNeeded

if TYPE_CHECKING:
    from django.db.models import QuerySet

Person = AbstractUser | AnonymousUser


class Role(models.IntegerChoices):
    """What somebody may do in one project; each includes the ones before it."""

    VIEWER = 10, "viewer"
    RESPONDER = 20, "responder"
    CONTRIBUTOR = 30, "contributor"
    MAINTAINER = 40, "maintainer"
    OWNER = 50, "owner"


@dataclass(frozen=True, slots=True)
class Limits:
    """How a token narrows its user: at most this role, in these projects (`None`: in all)."""

    role: Role
    project_ids: frozenset[int] | None
    token_id: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the token takes nothing away from its user."""
        return self.role == Role.OWNER and self.project_ids is None


class Policy(Protocol):
    """Answers for every face: page, REST, WebSocket, search, MLflow proxy, assistant."""

    def project_ids(self, user: Person, at_least: Role) -> QuerySet[Any, int]: ...

    def role(self, user: Person, project_id: int) -> Role | None: ...


_installed: list[Policy] = []


def install(policy: Policy) -> None:
    """Make `policy` the one that decides."""
    _installed[:] = [policy]


def project_ids(user: Person, at_least: Role = Role.VIEWER) -> QuerySet[Any, int]:
    """The ids of the projects where `user` holds at least this role, as a subquery."""
    return _installed[0].project_ids(user, at_least)


def role(user: Person, project_id: int) -> Role | None:
    """The role of `user` in one project; `None` where the project does not exist for them."""
    return _installed[0].role(user, project_id)


def allows(user: Person, project_id: int, at_least: Role) -> bool:
    """Whether `user` holds at least this role in the project."""
    held = role(user, project_id)
    return held is not None and held >= at_least


def require(user: Person, project_id: int, at_least: Role, *, what: str = "project") -> None:
    """Raise `NotFound` where the project is invisible, `RoleNeeded` where the role is too low."""
    held = role(user, project_id)
    if held is None:
        raise NotFound(what=what)
    if held < at_least:
        raise RoleNeeded(needed=at_least.label, yours=held.label)


def only_looks(user: Person) -> bool:
    """Whether the token of `user` lets them change nothing, not even what is their own."""
    limits: Limits | None = getattr(user, "limits", None)
    return limits is not None and limits.role < Role.RESPONDER


def is_site_admin(user: Person) -> bool:
    """Whether `user` runs this portal. A token carries the right only when nothing narrows it."""
    limits: Limits | None = getattr(user, "limits", None)
    whole = limits is None or limits.whole
    return bool(user.is_active and user.is_superuser and whole)


def require_site_admin(user: Person) -> None:
    """Raise `SiteAdminNeeded` unless `user` runs this portal."""
    if not is_site_admin(user):
        raise SiteAdminNeeded
