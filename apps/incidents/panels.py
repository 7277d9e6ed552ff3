"""The home page's panel of incidents."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core import home
from apps.incidents import selectors
from apps.incidents.oncall import selectors as oncall

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
