"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.docs import access as documents
from apps.docs.models import Document
from apps.monitoring.models import (
    Alert,
    Baseline,
    Monitor,
    Notification,
    Route,
    Silence,
    Slo,
    Upstream,
)

OF_ALERT = (
    "project", "monitor__runbook", "deployment", "version__model", "verdict", "lead", "acknowledged_by",
    "marked_by", "connection",
)  # fmt: skip


def monitor(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Monitor:
    """The monitor, where the person holds at least this role in its project."""
    found = Monitor.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("deployment", "baseline", "project", "runbook").first()
    if row is None:
        raise NotFound(what="monitor")
    access.require(user, row.project_id, at_least, what="monitor")
    return row


def baseline(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Baseline:
    """The baseline, where the person holds at least this role in its project."""
    found = Baseline.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("deployment", "project").first()
    if row is None:
        raise NotFound(what="baseline")
    access.require(user, row.project_id, at_least, what="baseline")
    return row


def alert(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Alert:
    """The alert, where the person holds at least this role in its project."""
    found = Alert.objects.visible_to(user).filter(pk=pk)
    row = found.select_related(*OF_ALERT).first()
    if row is None:
        raise NotFound(what="alert")
    access.require(user, row.project_id, at_least, what="alert")
    return row


def silence(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Silence:
    """The silence, where the person holds at least this role in its project."""
    found = Silence.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project", "created_by", "ended_by").first()
    if row is None:
        raise NotFound(what="silence")
    access.require(user, row.project_id, at_least, what="silence")
    return row


def route(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Route:
    """The route, where the person holds at least this role in its project."""
    found = Route.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project", "connection").first()
    if row is None:
        raise NotFound(what="route")
    access.require(user, row.project_id, at_least, what="route")
    return row


def upstream(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Upstream:
    """The upstream table, where the person holds at least this role in its project."""
    found = Upstream.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("project").first()
    if row is None:
        raise NotFound(what="upstream table")
    access.require(user, row.project_id, at_least, what="upstream table")
    return row


def notification(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Notification:
    """The notification, where the person holds at least this role in its project."""
    found = Notification.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("route__connection", "alert").first()
    if row is None:
        raise NotFound(what="notification")
    access.require(user, row.route.project_id, at_least, what="notification")
    return row


def runbook(user: Person, pk: int) -> Document:
    """The document, where the person may see it."""
    return documents.document(user, pk)


def slo(user: Person, pk: int, at_least: Role = Role.VIEWER) -> Slo:
    """The objective, where the person holds at least this role in its project."""
    found = Slo.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("deployment", "project", "monitor", "runbook").first()
    if row is None:
        raise NotFound(what="objective")
    access.require(user, row.project_id, at_least, what="objective")
    return row


def known(pk: int) -> Monitor:
    """The monitor of a job: nobody asks for it, the portal itself does."""
    found = Monitor.objects.select_related("deployment", "baseline", "project").filter(pk=pk)
    row = found.first()
    if row is None:
        raise NotFound(what="monitor")
    return row
