"""What the assistant may read of deployments, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.deployments import access, served, services

MOST = 10


@tool()
def serving_now(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """Which version each deployment serves, since when, and who approved it."""
    found = served.served_now(user, project)
    return [
        Found(
            "deployment",
            str(row.release),
            f"{row.deployment} in {row.environment}",
            f"/deployments/{row.deployment}/",
            f"{row.deployment} in {row.environment} serves version {row.version} of "
            f"{row.model} since {row.since:%F %H:%M} UTC, "
            f"{'approved by ' + row.approved_by if row.approved_by else 'without an approval'}.",
        )
        for row in found[:MOST]
    ]


@tool(writes=True)
def roll_back(*, user: AbstractUser, deployment: str, reason: str = "") -> str:
    """Release the last good version of a deployment again."""
    row = access.releasable(user, deployment)
    release = services.roll_back(deployment=row, by=user, reason=reason)
    return f"Queued {release}: version {release.version.number}."
