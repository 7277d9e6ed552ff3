"""The verbs of deployments that a runbook may name."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core.access import Person
from apps.core.errors import Invalid, NotFound
from apps.deployments import access, selectors, services
from apps.deployments.errors import NothingToRollBackTo
from apps.deployments.models import Deployment, Release
from apps.incidents.runbooks import actions
from apps.incidents.runbooks.actions import Action, Asked, Outcome, Plan

SCALE = re.compile(r"\A(?:(?P<slug>[-\w]+)\s+)?(?:to\s+)?(?P<count>\d{1,4})\Z")


def place(asked: Asked, slug: str | None) -> Deployment:
    """The deployment that the step names, or else the incident's; always of the incident's project."""
    of_incident = asked.incident.deployment
    name = slug or (of_incident.slug if of_incident else "")
    if not name:
        raise Invalid(field="action", reason="name a deployment; this incident has none")
    row = access.deployment(asked.user, name)
    if row.project_id != asked.incident.project_id:
        raise NotFound(what="deployment of this incident's project")
    return row


def _to_change(asked: Asked, slug: str | None) -> Deployment:
    """The same, for somebody who may release there."""
    return access.releasable(asked.user, place(asked, slug).slug)


def plan_roll_back(asked: Asked) -> Plan:
    row = place(asked, asked.argument)
    live, good = selectors.live_release(row), selectors.last_good(row)
    if live is None or good is None:
        raise NothingToRollBackTo(deployment=row.slug)
    return Plan(
        title=f"Roll {row.slug} back to {good.version}",
        consequence=f"All traffic of {row.slug} in {row.environment.name} goes from {live.version} "
        f"to {good.version}, with the configuration it had then. Neither a gate nor a freeze stops it.",
        needed=row.needed,
        url=row.get_absolute_url(),
        rests_on=(str(live.pk), str(good.pk)),
    )


def run_roll_back(asked: Asked, by: AbstractUser) -> Outcome:
    row = _to_change(asked, asked.argument)
    reason = f"Runbook of incident {asked.incident.number}"
    made = services.roll_back(deployment=row, by=by, reason=reason)
    return Outcome(f"Release {made.number} of {row.slug} was asked for.", {"release": made.pk})


def follow_release(user: Person, data: dict[str, Any]) -> Outcome | None:
    found = Release.objects.visible_to(user).filter(pk=int(data.get("release", 0)))
    made = found.select_related("deployment", "version__model").first()
    if made is None:
        return None
    word = made.get_state_display().lower()
    sentence = f"Release {made.number} of {made.deployment.slug}, {made.version}: {word}."
    return Outcome(sentence, state=made.state, url=made.deployment.get_absolute_url())


def plan_restart(asked: Asked) -> Plan:
    row = place(asked, asked.argument)
    count = selectors.replicas(row).count()
    if not count:
        raise Invalid(field="action", reason=f"no model server of {row.slug} runs")
    servers = "only model server" if count == 1 else f"{count} model servers"
    return Plan(
        title=f"Restart the {servers} of {row.slug}",
        consequence="They are replaced one after another; the others go on answering meanwhile."
        if count > 1
        else "There is one only: requests wait or fail until it is ready again.",
        needed=row.needed,
        url=row.get_absolute_url(),
        rests_on=(str(row.pk),),
    )


def run_restart(asked: Asked, by: AbstractUser) -> Outcome:
    row = _to_change(asked, asked.argument)
    count = services.restart(deployment=row, by=by)
    return Outcome(f"{count} model servers of {row.slug} are being restarted.", {"count": count})


def _wanted(argument: str) -> tuple[str | None, int]:
    found = SCALE.match(argument)
    if found is None or int(found["count"]) < 1:
        raise Invalid(field="action", reason="write `scale DEPLOYMENT 4`, with at least 1")
    return found["slug"], int(found["count"])


def plan_scale(asked: Asked) -> Plan:
    slug, count = _wanted(asked.argument)
    row = place(asked, slug)
    now = selectors.config(row).replicas
    if now == count:
        raise Invalid(field="action", reason=f"{row.slug} has {count} replicas already")
    return Plan(
        title=f"Scale {row.slug} from {now} to {count} replicas",
        consequence="More model servers share the requests."
        if count > now
        else "Fewer model servers share the requests; those that go finish what they hold.",
        needed=row.needed,
        url=row.get_absolute_url(),
        rests_on=(str(row.pk), str(now)),
    )


def run_scale(asked: Asked, by: AbstractUser) -> Outcome:
    slug, count = _wanted(asked.argument)
    row = _to_change(asked, slug)
    note = f"Runbook of incident {asked.incident.number}"
    services.scale(deployment=row, replicas=count, by=by, note=note)
    return Outcome(f"{row.slug} is to have {count} replicas.", {"replicas": count})


actions.register(
    Action(
        "roll_back", "roll_back [DEPLOYMENT]", "Let the last good version serve again.",
        plan_roll_back, run_roll_back, follow_release,
    )
)  # fmt: skip
actions.register(
    Action(
        "restart", "restart [DEPLOYMENT]", "Replace its model servers one after another.",
        plan_restart, run_restart,
    )
)  # fmt: skip
actions.register(
    Action(
        "scale", "scale [DEPLOYMENT] COUNT", "Run this many model servers.", plan_scale, run_scale,
    )
)  # fmt: skip
