"""The home page's panel of deployments: what was taken out of use."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core import home
from apps.deployments import selectors

MOST = 8
NOTICE = timedelta(days=14)


@home.panel
def retired(user: AbstractUser) -> home.Panel | None:
    """Deployments that answer nobody any more, for everybody in their projects."""
    found = list(selectors.retired_lately(user, timezone.now() - NOTICE)[:MOST])
    if not found:
        return None
    context = {"rows": found}
    return home.Panel(
        "Deployments retired lately", "deployments/_retired_panel.html", 61, context=context
    )
