"""The home page's panel of projects."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import home
from apps.projects import selectors

MOST = 8


@home.panel
def yours(user: AbstractUser) -> home.Panel:
    """The first projects by name, or how to begin."""
    found = list(selectors.projects(user)[:MOST])
    return home.Panel("Your projects", "projects/_home_panel.html", 90, context={"projects": found})
