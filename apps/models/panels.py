"""The home page's panels of approvals and of what was retired."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import home
from apps.models import selectors

MOST = 8


@home.panel
def approvals(user: AbstractUser) -> home.Panel | None:
    """Promotions that wait for this very person."""
    waiting = list(selectors.decidable(user)[:MOST])
    if not waiting:
        return None
    context = {"waiting": waiting}
    return home.Panel("Approvals", "models/_home_panel.html", 20, needs_me=True, context=context)


@home.panel
def retired(user: AbstractUser) -> home.Panel | None:
    """Models and versions that were taken out of use lately, for everybody in their projects."""
    found = selectors.retired_lately(user)[:MOST]
    if not found:
        return None
    return home.Panel("Retired lately", "models/_retired_panel.html", 60, context={"rows": found})
