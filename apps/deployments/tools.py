"""What the assistant may read of deployments, each as the person asking may see it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core.tools import Found, told, tool
from apps.deployments import access, selectors, served, services, tallies
from apps.deployments.models import Deployment, Release
from apps.deployments.served import Served

MOST = 10
HOUR = timedelta(hours=1)


@tool()
def serving_now(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """Which version each deployment serves, since when, and who approved it."""
    return [_serving(row, "serves", "") for row in served.served_now(user, project)[:MOST]]


@tool()
def served_when(
    *, user: AbstractUser, at: datetime, environment: str | None = None, project: str | None = None
) -> list[Found]:
    """Which version each deployment served at a moment, and who had approved it."""
    rows = served.served_at(user, at, environment)
    shown = [row for row in rows if row.release and project in {None, row.project}][:MOST]
    return [_serving(row, "served", f"At {at:%F %H:%M} UTC ") for row in shown]


def _serving(row: Served, verb: str, when: str) -> Found:
    place = f"{row.deployment} in {row.environment}"
    approved = f"approved by {row.approved_by}" if row.approved_by else "without an approval"
    fact = (
        f"{when}{place} {verb} version {row.version} of {row.model} "
        f"since {row.since:%F %H:%M} UTC, {approved}."
    )
    url = f"/deployments/{row.deployment}/"
    return told("deployment", row.release, place, url, {"serves": fact})


@tool()
def deployment_state(*, user: AbstractUser, deployment: str) -> list[Found]:
    """What one deployment serves, its release, replicas and last good version."""
    row = access.deployment(user, deployment)
    live = selectors.live_release(row)
    facts = {
        "serves": _serves(row, live),
        "approved": _approved(row, live) if live else "",
        "release": _released(live) if live else "",
        "contradiction": _contradiction(row, live) if live else "",
        "last_good": _last_good(row),
        "replicas": _replicas(row),
        "place": f"{row.slug} serves the model {row.model.name} in {row.environment.name} of "
        f"{row.project.name}.",
        "retired": f"{row.slug} was retired at {row.retired_at:%F %H:%M} UTC."
        if row.retired_at
        else "",
    }
    return [told("deployment", row.slug, row.slug, row.get_absolute_url(), facts)]


def _serves(row: Deployment, live: Release | None) -> str:
    if live is None:
        return f"{row.slug} in {row.environment.name} serves nothing now."
    since = f" since {live.live_at:%F %H:%M} UTC" if live.live_at else ""
    return (
        f"{row.slug} in {row.environment.name} serves version {live.version.number} of "
        f"{live.version.model.name}{since}."
    )


def _approved(row: Deployment, live: Release) -> str:
    name = f"Version {live.version.number} of {live.version.model.name} in {row.slug}"
    by = selectors.approver(live)
    return (
        f"{name} was approved by {by.username}."
        if by
        else f"Nobody approved {name[0].lower()}{name[1:]}."
    )


def _contradiction(row: Deployment, live: Release) -> str:
    """Where the environment's alias names another version than the one that answers."""
    held = selectors.promised(row)
    if held is None or held == live.version.number:
        return ""
    return (
        f"The records disagree: the alias {row.environment.name} of {row.model.name} names version {held}, "
        f"and {row.slug} serves version {live.version.number}."
    )


def _released(row: Release) -> str:
    who = row.requested_by.username if row.requested_by else "the portal"
    why = f" with the reason “{row.reason}”" if row.reason else ""
    until = f" to {row.ended_at:%F %H:%M} UTC" if row.ended_at else ""
    live = f", live from {row.live_at:%F %H:%M} UTC{until}" if row.live_at else ", never live"
    return (
        f"Release {row.number} of {row.deployment.slug}, version {row.version.number}, "
        f"was requested by {who}{why} at {row.requested_at:%F %H:%M} UTC{live}, "
        f"and is {row.get_state_display().lower()}."
    )


def _last_good(row: Deployment) -> str:
    good = selectors.last_good(row)
    if good is None:
        return f"{row.slug} has no earlier good version to roll back to."
    return f"The last good version of {row.slug} before this one was version {good.version.number}."


def _replicas(row: Deployment) -> str:
    found = list(selectors.replicas(row)[:100])
    ready = sum(each.state == each.State.READY for each in found)
    return f"{row.slug} has {len(found)} replicas, {ready} of them ready."


@tool()
def release_history(*, user: AbstractUser, deployment: str) -> list[Found]:
    """The releases of a deployment, newest first: version, who asked for each, when it was live."""
    row = access.deployment(user, deployment)
    found = selectors.releases(user).filter(deployment=row)[:MOST]
    return [
        told(
            "release",
            each.pk,
            f"Release {each.number} of {row.slug}",
            f"{row.get_absolute_url()}releases/{each.number}/",
            {"release": _released(each)},
        )
        for each in found
    ]


@tool()
def deployment_traffic(*, user: AbstractUser, deployment: str) -> list[Found]:
    """How many requests a deployment answered in the last hour, how fast, and how many failed."""
    row = access.deployment(user, deployment)
    now = timezone.now()
    ids = [each.pk for each in selectors.drawn(row, now - HOUR)]
    sums = tallies.merged(tallies.summary(ids, now - HOUR, now, shadow=False).values())
    facts = {
        "traffic": f"In the last hour {row.slug} was asked {sums.requests} times.",
        "errors": f"In the last hour {row.slug} failed {sums.failures} times.",
        "latency": f"In the last hour half of the answers of {row.slug} took at most "
        f"{sums.p50 * 1000:.0f} ms, and 99 % took at most {sums.p99 * 1000:.0f} ms."
        if sums.p50 is not None and sums.p99 is not None
        else "",
    }
    title = f"Traffic of {row.slug}"
    return [told("traffic", row.slug, title, row.get_absolute_url(), facts)]


@tool()
def deployments_of(
    *, user: AbstractUser, project: str | None = None, model: str = ""
) -> list[Found]:
    """How many deployments in use there are, and which."""
    found = selectors.deployments(user).filter(retired_at=None)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(model__name=model) if model else found
    rows, where = list(found[:MOST]), f" in {project}" if project else ""
    names = ", ".join(row.slug for row in rows)
    count = f"There are {found.count()} deployments{where} in use{': ' if names else ''}{names}."
    facts = {"count:deployments": count}
    return [told("count", f"deployments:{project or ''}", "Deployments", "/deployments/", facts)]


@tool(writes=True)
def roll_back(*, user: AbstractUser, deployment: str, reason: str = "") -> str:
    """Release the last good version of a deployment again."""
    row = access.releasable(user, deployment)
    release = services.roll_back(deployment=row, by=user, reason=reason)
    return f"Queued {release}: version {release.version.number}."
