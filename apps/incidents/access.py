"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from collections.abc import Sequence

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import Invalid, NotFound
from apps.deployments import access as deployments
from apps.deployments.models import Deployment
from apps.incidents.models import (
    Action,
    Component,
    Incident,
    Note,
    Pack,
    Picture,
    PostMortem,
    Publication,
    StatusPage,
    Step,
    Ticket,
    TicketConflict,
)
from apps.incidents.oncall import selectors as on_call
from apps.integrations import selectors as integrations
from apps.integrations.models import Connection
from apps.integrations.ports import Pager, TicketTracker
from apps.monitoring.models import Alert
from apps.projects import access as projects
from apps.projects.models import Project


def incident(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Incident:
    """The incident, where the person holds at least this role in its project."""
    found = Incident.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project", "deployment", "release__version__model", "alert").first()
    if row is None:
        raise NotFound(what="incident")
    access.require(user, row.project_id, at_least, what="incident")
    return row


def pack(user: Person, incident: Incident, number: int | None = None) -> Pack:
    """A pack of an incident that the person may see: this one, or the newest."""
    found = Pack.objects.visible_to(user).filter(incident=incident).select_related("incident")
    row = (found if number is None else found.filter(number=number)).first()
    if row is None:
        raise NotFound(what="evidence pack")
    return row


def ticket(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Ticket:
    """The ticket, where the person holds at least this role in its incident's project."""
    found = Ticket.objects.visible_to(user).filter(pk=pk)
    if (row := found.select_related("incident__project", "connection").first()) is None:
        raise NotFound(what="ticket")
    access.require(user, row.incident.project_id, at_least, what="ticket")
    return row


def conflict(user: Person, pk: int, at_least: Role = Role.VIEWER) -> TicketConflict:
    """The conflict of a ticket, where the person holds at least this role in its project."""
    found = TicketConflict.objects.visible_to(user).filter(pk=pk)
    if (row := found.select_related("ticket__incident", "ticket__connection").first()) is None:
        raise NotFound(what="conflict")
    access.require(user, row.ticket.incident.project_id, at_least, what="conflict")
    return row


def tracker(user: Person, pk: int) -> Connection:
    """The connection behind tickets: one that the person may see, or that tickets of theirs go through."""
    rows = Connection.objects.select_related("project").filter(pk=pk)
    row = rows.first()
    seen = Connection.objects.visible_to(user).filter(pk=pk).exists()
    if row is None or not (seen or Ticket.objects.visible_to(user).filter(connection=row).exists()):
        raise NotFound(what="connection")
    return row


def mapped_project(user: Person, connection: Connection, slug: str) -> Project:
    """The project whose mapping a maintainer of it sets: the connection's own, any for a site-wide one."""
    project = projects.project(user, slug, Role.MAINTAINER)
    if connection.project_id not in {None, project.pk}:
        raise NotFound(what="mapping")
    return project


def chosen_tracker(user: Person, project: Project, pk: int | None) -> Connection | None:
    """The tracker or pager a person names for a project; `None` where they name none."""
    if pk is None:
        return None
    for port in (TicketTracker, Pager):
        offered = integrations.offering(user, project, port)
        if found := offered.filter(pk=pk).first():
            return found
    raise NotFound(what="tracker or pager of this project")


def place(user: Person, project: Project, slug: str | None) -> Deployment | None:
    """The deployment of a project that a person names; `None` where they name none."""
    if not slug:
        return None
    row = deployments.deployment(user, slug)
    if row.project_id != project.pk:
        raise NotFound(what="deployment of this project")
    return row


def step(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Step:
    """The step of a runbook, where the person holds at least this role in its incident's project."""
    found = Step.objects.visible_to(user).filter(pk=pk)
    joined = (
        "incident__project", "incident__deployment", "incident__alert", "document", "asked_by", "done_by",
    )  # fmt: skip
    if (row := found.select_related(*joined).first()) is None:
        raise NotFound(what="step")
    access.require(user, row.incident.project_id, at_least, what="step")
    return row


def action(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Action:
    """The action of a post-mortem, where the person holds at least this role in its project."""
    found = Action.objects.visible_to(user).filter(pk=pk)
    joined = found.select_related("incident__project", "owner", "ticket", "done_by")
    if (row := joined.first()) is None:
        raise NotFound(what="action")
    access.require(user, row.incident.project_id, at_least, what="action")
    return row


def status_page(user: Person, slug: str, at_least: Role = Role.VIEWER) -> StatusPage:
    """The status page of a project, where the person holds at least this role in it."""
    found = StatusPage.objects.visible_to(user).filter(project__slug=slug)
    if (row := found.select_related("project").first()) is None:
        raise NotFound(what="status page")
    access.require(user, row.project_id, at_least, what="status page")
    return row


def publication(incident: Incident) -> Publication:
    """What stands on the status page of an incident that the person was found to see."""
    found = Publication.objects.filter(incident=incident).select_related("published_by")
    if (row := found.prefetch_related("components", "updates__by").first()) is None:
        raise NotFound(what="publication")
    return row


def components(page: StatusPage, ids: Sequence[int]) -> list[Component]:
    """These components of the page, all of them."""
    found = {row.pk: row for row in page.components.filter(pk__in=ids)}
    if missing := [str(pk) for pk in ids if pk not in found]:
        reason = f"{', '.join(missing)}: choose components of this page"
        raise Invalid(field="components", reason=reason)
    return list(found.values())


def involved(user: Person, incident: Incident, alert_id: int) -> Alert:
    """An alert that gathered under an incident which the person may see."""
    row = incident.involved.filter(alert_id=alert_id).select_related("alert__deployment").first()
    if row is None:
        raise NotFound(what="alert")
    return row.alert


def numbered(user: Person, incident: Incident, number: int) -> Incident:
    """Another incident of the same project, by its number."""
    found = Incident.objects.visible_to(user).filter(project_id=incident.project_id, number=number)
    if (row := found.first()) is None:
        raise NotFound(what=f"incident #{number} in this project")
    return row


def own_note(user: Person, pk: int) -> Note:
    """A note that the person wrote, where they may still act."""
    found = Note.objects.visible_to(user).filter(pk=pk, by_id=user.pk)
    if (row := found.select_related("incident__project").first()) is None:
        raise NotFound(what="note")
    access.require(user, row.incident.project_id, Role.RESPONDER, what="note")
    return row


def picture(user: Person, pk: int) -> Picture:
    """A picture in a note of an incident that the person may see."""
    found = Picture.objects.visible_to(user).filter(pk=pk)
    if (row := found.first()) is None:
        raise NotFound(what="picture")
    return row


def post_mortem(user: Person, pk: int, at_least: Role = Role.VIEWER) -> PostMortem:
    """The post-mortem, where the person holds at least this role in its incident's project."""
    found = PostMortem.objects.visible_to(user).filter(pk=pk)
    if (row := found.select_related("incident__project", "document").first()) is None:
        raise NotFound(what="post-mortem")
    access.require(user, row.incident.project_id, at_least, what="post-mortem")
    return row


def ended_action(user: Person, pk: int) -> Action:
    """An action of which the person may say that it is done: their own, or any where they may act."""
    row = action(user, pk)
    if row.owner_id == user.pk and not access.only_looks(user):
        return row
    return action(user, pk, Role.RESPONDER)


def responder(incident: Incident, username: str) -> User:
    """Somebody who may act in the incident's project, by name."""
    found = on_call.responders_of(incident.project).filter(username=username).first()
    if found is None:
        raise Invalid(field="user", reason="name somebody with the responder role here")
    return found
