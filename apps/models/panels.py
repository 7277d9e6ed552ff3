"""The home page's panels of models: approvals, what moved out of band, what was retired."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import home
from apps.models import history, selectors

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
def out_of_band(user: AbstractUser) -> home.Panel | None:
    """Guarded aliases that moved around the portal, where this person may adopt or revert."""
    found = list(history.undecided(user)[:MOST])
    if not found:
        return None
    context = {"cases": found}
    return home.Panel(
        "Moved out of band", "models/_home_out_of_band.html", 15, needs_me=True, context=context
    )


@home.panel
def retired(user: AbstractUser) -> home.Panel | None:
    """Models and versions that were taken out of use lately, for everybody in their projects."""
    found = selectors.retired_lately(user)[:MOST]
    if not found:
        return None
    return home.Panel("Retired lately", "models/_retired_panel.html", 60, context={"rows": found})
