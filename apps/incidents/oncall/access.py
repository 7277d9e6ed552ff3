"""The only way from an id of on call to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import Invalid, NotFound
from apps.incidents.models import (
    CalendarLink,
    CalendarSource,
    ContactRule,
    Layer,
    Override,
    Policy,
    PushSubscription,
    Schedule,
)
from apps.incidents.oncall import selectors
from apps.integrations.models import Connection
from apps.projects.models import Project


def schedule(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Schedule:
    """The schedule, where the person holds at least this role in its project."""
    if (row := selectors.schedules(user).filter(pk=pk).first()) is None:
        raise NotFound(what="schedule")
    access.require(user, row.project_id, at_least, what="schedule")
    return row


def layer(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Layer:
    """The rotation, where the person holds at least this role in its project."""
    found = Layer.objects.visible_to(user).select_related("schedule__project")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="rotation")
    access.require(user, row.schedule.project_id, at_least, what="rotation")
    return row


def override(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Override:
    """The override, where the person holds at least this role in its project."""
    if (row := selectors.overrides(user).filter(pk=pk).first()) is None:
        raise NotFound(what="override")
    access.require(user, row.schedule.project_id, at_least, what="override")
    return row


def source(user: Person, pk: int, at_least: Role = Role.VIEWER) -> CalendarSource:
    """The calendar that is read, where the person holds at least this role in its project."""
    found = CalendarSource.objects.visible_to(user).select_related("schedule__project")
    if (row := found.filter(pk=pk).first()) is None:
        raise NotFound(what="calendar")
    access.require(user, row.schedule.project_id, at_least, what="calendar")
    return row


def policy(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Policy:
    """The policy, where the person holds at least this role in its project."""
    if (row := selectors.policies(user).filter(pk=pk).first()) is None:
        raise NotFound(what="policy")
    access.require(user, row.project_id, at_least, what="policy")
    return row


def rule(user: Person, pk: int) -> ContactRule:
    """A rule of the person's own."""
    if (row := selectors.contact_rule(user, pk)) is None:
        raise NotFound(what="rule")
    return row


def subscription(user: Person, pk: int) -> PushSubscription:
    """A browser of the person's own."""
    if (row := selectors.subscriptions(user).filter(pk=pk).first()) is None:
        raise NotFound(what="browser")
    return row


def link(user: Person, pk: int) -> CalendarLink:
    """A calendar address of the person's own."""
    if (row := selectors.links(user).filter(pk=pk).first()) is None:
        raise NotFound(what="calendar address")
    return row


def teller(user: Person, pk: int | None) -> Connection | None:
    """A connection that may tell the person; `None` where they name none."""
    if pk is None:
        return None
    if (row := selectors.tellers(user).filter(pk=pk).first()) is None:
        raise NotFound(what="connection that tells people")
    return row


def responder(project: Project, name: str, *, field: str) -> User:
    """The person of this name, who may be on call in the project."""
    found = selectors.responders_of(project).filter(username=name.strip()).first()
    if found is None:
        reason = f"{name[:60]!r} is no responder of the project"
        raise Invalid(field=field, reason=reason)
    return found


def target(user: Person, project: Project, kind: str, key: str) -> Schedule | User | Connection:
    """What a step may page: a schedule or connection of the project, or one of its responders."""
    if kind == "person":
        return responder(project, key, field="steps")
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 19 else 0
    found: Schedule | Connection | None
    if kind == "schedule":
        found = selectors.schedules(user).filter(project=project, pk=number).first()
    else:
        found = selectors.targets(user, project).filter(pk=number).first()
    if found is None:
        raise Invalid(field="steps", reason=f"no such {kind} in the project")
    return found
