"""What the assistant may read of deployments, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.deployments import access, selectors, services

MOST = 10


@tool()
def serving_now(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """Which version each deployment serves, since when, and who approved it."""
    found = selectors.served_now(user, project)
    return [
        Found(
            "deployment",
            str(served.release),
            f"{served.deployment} in {served.environment}",
            f"/deployments/{served.deployment}/",
            f"{served.deployment} in {served.environment} serves version {served.version} of "
            f"{served.model} since {served.since:%F %H:%M} UTC, "
            f"{'approved by ' + served.approved_by if served.approved_by else 'without an approval'}.",
        )
        for served in found[:MOST]
    ]


@tool(writes=True)
def roll_back(*, user: AbstractUser, deployment: str, reason: str = "") -> str:
    """Release the last good version of a deployment again."""
    row = access.releasable(user, deployment)
    release = services.roll_back(deployment=row, by=user, reason=reason)
    return f"Queued {release}: version {release.version.number}."
