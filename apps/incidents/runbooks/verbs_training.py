"""Retraining, asked for in an incident: told to whatever trains, by the outgoing webhooks of the project."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import AbstractUser

from apps.core.access import Role
from apps.deployments import selectors
from apps.deployments.models import Deployment, Release
from apps.incidents.errors import NotThatKind
from apps.incidents.models import Incident
from apps.incidents.runbooks import actions
from apps.incidents.runbooks.actions import Action, Asked, Outcome, Plan
from apps.incidents.runbooks.verbs import place
from apps.integrations import selectors as integrations
from apps.integrations.ports import OutgoingHook
from apps.ledger import selectors as ledger
from apps.ledger.services import record

VERB = "incidents.retraining_asked"


def plan_retrain(asked: Asked) -> Plan:
    row = place(asked, asked.argument)
    live = _live(row)
    _require_new(asked, live)
    run = live.version.run
    told = listening(asked)
    source = f"the run {run}" if run else "a run that the portal does not know"
    return Plan(
        title=f"Ask for a new version of {row.model.name}",
        consequence=f"{live.version} came from {source}. {_heard(told)} Nothing is released by it: a new "
        "version goes through its gates.",
        needed=Role.CONTRIBUTOR,
        url=run.get_absolute_url() if run else live.version.get_absolute_url(),
        rests_on=(str(live.version_id), *told),
    )


def run_retrain(asked: Asked, by: AbstractUser) -> Outcome:
    row = place(asked, asked.argument)
    live = _live(row)
    _require_new(asked, live)
    run = live.version.run
    data: dict[str, Any] = {
        "model": live.version.model.name,
        "version": live.version_id,
        "mlflow_run": run.mlflow_id if run else "",
        "deployment": row.slug,
    }
    incident = asked.incident
    record(actor=by, verb=VERB, subject=incident, project_id=incident.project_id, data=data)
    told = listening(asked)
    sentence = f"A new version of {row.model.name} was asked for. {_heard(told)}"
    return Outcome(sentence, {"version": live.version_id})


def listening(asked: Asked) -> list[str]:
    """The connections of the project that hear of it, as far as the person may see them."""
    rows = integrations.offering(asked.user, asked.incident.project, OutgoingHook)
    return [row.name for row in rows.order_by("name") if _hook(row).wants(VERB)]


def _hook(row: Any) -> OutgoingHook:
    return cast(OutgoingHook, row.entry.load().sketch(row.values))


def _heard(told: list[str]) -> str:
    if told:
        return f"{', '.join(told)} hear{'s' if len(told) == 1 else ''} of it and can start the training."
    return f"No outgoing webhook that you see listens to {VERB}, so somebody has to start the training."


def _live(row: Deployment) -> Release:
    live = selectors.live_release(row)
    if live is None:
        raise NotThatKind(
            reason=f"{row.slug} serves nothing, so there is no version to train anew."
        )
    return live


def _require_new(asked: Asked, live: Release) -> None:
    """Once for a version in an incident: a second click asks for nothing more."""
    incident: Incident = asked.incident
    known = ledger.timeline(asked.user, incident._meta.label_lower, incident.pk)
    if known.filter(verb=VERB, data__version=live.version_id).exists():
        raise NotThatKind(reason=f"A new version after {live.version} was asked for already.")


actions.register(
    Action(
        "retrain", "retrain [DEPLOYMENT]", "Ask for a new version of its model.",
        plan_retrain, run_retrain,
    )
)  # fmt: skip
