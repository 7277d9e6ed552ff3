"""The only way from an id to a row: what a user may not see does not exist."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.docs import access as documents
from apps.docs.models import Document
from apps.monitoring.models import Alert, Baseline, Monitor, Slo


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


def alert(user: Person, pk: int) -> Alert:
    """The alert, where the person may see its project."""
    found = Alert.objects.visible_to(user).filter(pk=pk)
    row = found.select_related("monitor", "deployment", "version__model", "verdict").first()
    if row is None:
        raise NotFound(what="alert")
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
