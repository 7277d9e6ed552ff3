"""What an incident's page offers to do about it without a runbook: the same verbs, plans and rights."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser

from apps.core import access
from apps.core.access import Person
from apps.core.errors import PortalError
from apps.incidents.errors import PlanChanged
from apps.incidents.models import Incident
from apps.incidents.runbooks import actions
from apps.incidents.runbooks.actions import Asked, Outcome, Plan
from apps.incidents.runbooks.running import in_time
from apps.incidents.services.changes import locked, noted, require_open

NAMES = ("roll_back", "retrain")


@dataclass(frozen=True, slots=True)
class Remedy:
    """A verb with its plan as it is now."""

    name: str
    plan: Plan


def offered(user: Person, incident: Incident) -> list[Remedy]:
    """The remedies that can be applied now by this person."""
    if not incident.is_open or incident.deployment_id is None:
        return []
    found = (_planned(user, incident, name) for name in NAMES)
    return [each for each in found if each and each.plan.allowed(user, incident)]


def plan(user: Person, incident: Incident, name: str) -> Plan:
    """What the remedy would do now. Nothing is changed; what stands in the way is raised."""
    action, argument = actions.named(name)
    return action.plan(Asked(user, incident, argument))


def apply(*, incident: Incident, name: str, digest: str, by: AbstractUser) -> Outcome:
    """Do what the plan said that was looked at; a second click finds another plan."""
    with in_time():
        row = locked(incident)
        require_open(row)
        wanted = plan(by, row, name)
        if wanted.digest != digest:
            raise PlanChanged
        access.require(by, row.project_id, wanted.needed, what="action")
        action, argument = actions.named(name)
        outcome = action.run(Asked(by, row, argument), by)
        noted(row, verb="incidents.remedy_applied", by=by, action=name, **outcome.data)
        return outcome


def _planned(user: Person, incident: Incident, name: str) -> Remedy | None:
    try:
        return Remedy(name, plan(user, incident, name))
    except PortalError:  # it cannot be done now, so it is not offered; its own page says why
        return None
