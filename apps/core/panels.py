"""The home page's panels about background work."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import home, job_selectors

MOST = 5


@home.panel
def failed(user: AbstractUser) -> home.Panel | None:
    """What failed for this person and was not tried again."""
    found = list(job_selectors.failed_of(user)[:MOST])
    if not found:
        return None
    title = "Failed jobs of yours"
    return home.Panel(title, "core/_jobs_panel.html", 20, needs_me=True, context={"jobs": found})


@home.panel
def recent(user: AbstractUser) -> home.Panel | None:
    """What this person asked for lately."""
    found = list(job_selectors.recent_of(user)[:MOST])
    if not found:
        return None
    return home.Panel("Your latest jobs", "core/_jobs_panel.html", 80, context={"jobs": found})
