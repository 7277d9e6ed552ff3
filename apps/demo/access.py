"""The only way from an id to a row of the demo."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound, RoleNeeded
from apps.demo import selectors
from apps.demo.models import DeskTicket, Feed, Story

BIGGEST = 2**63 - 1


def require_look(user: Person) -> None:
    """Raise `NotFound` where the demo is none of the person's business."""
    if not selectors.may_look(user):
        raise NotFound(what="demo")


def require_run(user: Person) -> None:
    """Raise `SiteAdminNeeded` unless the person may start, stop or remove the demo."""
    access.require_site_admin(user)


def feed(user: Person, world: str) -> Feed:
    """The deployment of the demo, where the person may begin a story."""
    row = selectors.feeds(user).filter(world=world).first()
    if row is None or row.deployment is None:
        raise NotFound(what="demo deployment")
    access.require(user, row.project_id, Role.RESPONDER)
    return row


def story(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Story:
    """The story, where the person holds at least this role in its project."""
    row = selectors.stories(user).filter(pk=pk).first() if 0 < pk <= BIGGEST else None
    if row is None:
        raise NotFound(what="story")
    access.require(user, row.project_id, at_least, what="story")
    return row


def ticket(user: Person, desk: str, key: str) -> DeskTicket:
    """A ticket of a stand-in."""
    row = DeskTicket.objects.visible_to(user).filter(desk=desk, key=key).first()
    if row is None:
        raise NotFound(what="ticket")
    return row


def may_move(user: Person) -> bool:
    """Whether the person may move tickets in the stand-ins: responders of any of the demo's projects."""
    return selectors.playable(user).exists()


def ticket_to_move(user: Person, desk: str, key: str) -> DeskTicket:
    """A ticket of a stand-in, for those who may move it."""
    row = ticket(user, desk, key)
    if not may_move(user):
        raise RoleNeeded(needed=Role.RESPONDER.label, yours=Role.VIEWER.label)
    return row
