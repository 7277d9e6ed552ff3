"""The only way from an id in a request to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.integrations.models import Connection, InboundDelivery, OutboundDelivery
from apps.integrations.ports import InboundSource
from apps.projects.access import project as visible_project
from apps.projects.models import Project


def connection(user: Person, pk: int) -> Connection:
    """The connection, for anybody who may know that it exists."""
    found = Connection.objects.visible_to(user).select_related("project").filter(pk=pk)
    if (row := found.first()) is None:
        raise NotFound(what="connection")
    return row


def connection_to_change(user: Person, pk: int) -> Connection:
    """The connection, for its project's maintainers or, site-wide, for site admins."""
    row = connection(user, pk)
    _require_keeper(user, row.project_id)
    return row


def scope(user: Person, project: str) -> Project | None:
    """Where a new connection may go: a project the person maintains, or with "" the whole site."""
    if not project:
        access.require_site_admin(user)
        return None
    return visible_project(user, project, Role.MAINTAINER)


def keeps(user: Person, row: Connection) -> bool:
    """Whether the person may change the connection and read its deliveries."""
    if row.project_id is None:
        return access.is_site_admin(user)
    return access.allows(user, row.project_id, Role.MAINTAINER)


def inbound(user: Person, pk: int) -> InboundDelivery:
    """A delivery that arrived, with its body, for whoever may change its connection."""
    found = InboundDelivery.objects.visible_to(user).select_related("connection__project")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="delivery")
    _require_keeper(user, row.connection.project_id)
    return row  # type: ignore[no-any-return]


def outbound(user: Person, pk: int) -> OutboundDelivery:
    """A delivery on its way, for whoever may change its connection."""
    found = OutboundDelivery.objects.visible_to(user).select_related("connection__project")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="delivery")
    _require_keeper(user, row.connection.project_id)
    return row  # type: ignore[no-any-return]


def hook(pk: int) -> Connection:
    """The connection behind `/hooks/<pk>/`, whose sender proves itself by a signature."""
    found = Connection.objects.select_related("project").filter(pk=pk).first()
    if found is None or InboundSource not in found.entry.provides:
        raise NotFound(what="hook")
    return found


def _require_keeper(user: Person, project_id: int | None) -> None:
    if project_id is None:
        access.require_site_admin(user)
    else:
        access.require(user, project_id, Role.MAINTAINER, what="connection")
