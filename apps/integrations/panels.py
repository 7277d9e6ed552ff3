"""The home page's panel of connections that fail."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import home
from apps.integrations import selectors

MOST = 8


@home.panel
def failing(user: AbstractUser) -> home.Panel | None:
    """What the person keeps and what does not answer; nothing while all is well."""
    found = list(selectors.failing(user)[:MOST])
    if not found:
        return None
    context = {"connections": found}
    template = "integrations/_home_panel.html"
    return home.Panel("Connections that fail", template, 30, needs_me=True, context=context)
