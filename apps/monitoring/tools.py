"""What the assistant may read of monitoring, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.monitoring import selectors

MOST = 10


@tool()
def alerts_now(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """The alerts that are firing."""
    found = selectors.alerts(user).firing()
    if project:
        found = found.filter(project__slug=project)
    return [
        Found(
            "alert",
            str(alert.pk),
            alert.name,
            alert.get_absolute_url(),
            f"{alert.summary}; firing since {alert.fired_at:%F %H:%M} UTC.",
        )
        for alert in found[:MOST]
    ]
