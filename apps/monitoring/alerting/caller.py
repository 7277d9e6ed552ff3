"""Who speaks Alertmanager's API with the portal, and for which project."""

from __future__ import annotations

import time
from base64 import b64decode
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.core.errors import Conflict, NotFound, PortalError
from apps.projects.models import Project

REMEMBERED = 5.0  # seconds; a revoked token is refused after this
MOST_REMEMBERED = 1000


class NoToken(PortalError):
    code, status = "not_authenticated", 401
    sentence = (
        "Send a token of the portal: Authorization: Bearer sbx_…, or as the password of Basic."
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or service, narrowed by the token, in the project that the token or the path names."""

    user: User
    project: Project
    role: Role


_known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()


def remembered(authorization: str, slug: str) -> Caller | None:
    """Who this was some seconds ago; `None`: ask again. The header itself is not kept."""
    found = _known.get(_key(authorization, slug))
    return found[1] if found and found[0] > time.monotonic() else None


def find(authorization: str, slug: str) -> Caller:
    """Who calls, or the refusal; remembered for some seconds."""
    signed = accounts.user_of_token(_token(authorization))
    if signed is None:
        raise NoToken
    user = signed[0]
    project = _project(user, slug)
    role = access.role(user, project.pk)
    if role is None:
        raise NotFound(what="project")
    caller = Caller(user, project, role)
    _known[_key(authorization, slug)] = (time.monotonic() + REMEMBERED, caller)
    while len(_known) > MOST_REMEMBERED:
        _known.popitem(last=False)
    return caller


def _project(user: User, slug: str) -> Project:
    """The one that the path names, else the only one that the token reaches."""
    seen = Project.objects.visible_to(user).filter(archived_at=None)
    if slug:
        if (named := seen.filter(slug=slug).first()) is None:
            raise NotFound(what="project")
        return named
    some = list(seen.order_by("pk")[:2])
    if not some:
        raise NotFound(what="project")
    if len(some) > 1:
        raise Conflict(
            reason="The token reaches several projects. Make one for a single project, "
            "or set path_prefix to /alertmanager/<project>."
        )
    return some[0]


def _token(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() in {"bearer", "token"}:
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return ""


def _key(authorization: str, slug: str) -> bytes:
    return sha256(f"{slug}\n{authorization}".encode()).digest()
