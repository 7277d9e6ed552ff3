"""What home pages show of incidents: a person's, and a project's."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils import timezone

from apps.core import home
from apps.core.access import Person, Role, allows
from apps.incidents import selectors
from apps.incidents.models import StatusPage
from apps.incidents.oncall import selectors as oncall
from apps.incidents.status import reading
from apps.projects import overview
from apps.projects.models import Project

MOST = 8


@home.panel
def incidents(user: AbstractUser) -> home.Panel | None:
    """Open incidents that this person may take up, or has taken up."""
    found = list(selectors.needing(user)[:MOST])
    if not found:
        return None
    context = {"incidents": found}
    return home.Panel(
        "Open incidents", "incidents/_home_panel.html", 10, needs_me=True, context=context
    )


@home.panel
def pages(user: AbstractUser) -> home.Panel | None:
    """What this person was paged for and nobody has acknowledged."""
    found = list(oncall.paged(user)[:MOST])
    if not found:
        return None
    template, context = "incidents/oncall/_home_panel.html", {"pages": found}
    return home.Panel("You were paged", template, 5, needs_me=True, context=context)


@home.panel
def actions(user: AbstractUser) -> home.Panel | None:
    """What this person promised after incidents, the most urgent first."""
    found = list(selectors.promised(user)[:MOST])
    if not found:
        return None
    today = timezone.localdate()
    context = {"actions": [(each, each.is_late(today)) for each in found]}
    return home.Panel(
        "Your actions after incidents",
        "incidents/postmortem/_home_panel.html",
        15,
        needs_me=True,
        context=context,
    )


@overview.panel
def status_page(user: Person, project: Project) -> overview.Panel | None:
    """The project's status page; how to set one up, for those who may."""
    page = StatusPage.objects.visible_to(user).filter(project=project).first()
    if page is None and not allows(user, project.pk, Role.MAINTAINER):
        return None
    context = {
        "shown": reading.shown(page) if page else None,
        "url": reverse("incidents:status_page", args=[project.slug]),
    }
    return overview.Panel("Status page", "incidents/status/_project_panel.html", 70, context)
