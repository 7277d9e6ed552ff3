"""The portal's side of a ticket: what an incident says, and how it takes what the other side says."""

from __future__ import annotations

from typing import Any

from apps.accounts.models import User
from apps.core import events, live
from apps.core.errors import Conflict
from apps.incidents import services
from apps.incidents.errors import AnotherOpen, NotOver
from apps.incidents.events import IncidentChanged
from apps.incidents.models import Incident
from apps.integrations.ports import Phase
from apps.ledger.services import record
from apps.monitoring.models import Alert

State = Incident.State
PHASES: dict[str, Phase] = {
    State.TRIGGERED: Phase.OPEN,
    State.ACKNOWLEDGED: Phase.WORKING,
    State.MITIGATED: Phase.WORKING,
    State.RESOLVED: Phase.DONE,
    State.CLOSED: Phase.DONE,
}
CLOSED_THERE = "The ticket {key} was closed."
OPENED_THERE = "The ticket {key} was opened again."


def values(incident: Incident) -> dict[str, str]:
    """The fields that flow, as the portal says them."""
    holder = incident.acknowledged_by
    return {
        "phase": str(PHASES[incident.state]),
        "priority": str(incident.severity),
        "assignee": holder.get_username() if holder else "",
    }


def take(incident: Incident, field: str, value: str, *, key: str) -> None:
    """Change a field as the ticket `key` has it; `Conflict` says why that cannot be."""
    if field == "phase":
        _take_phase(incident, Phase(value), key)
    elif field == "priority":
        _set(incident, "incidents.severity_changed", severity=value)
    else:
        _set(incident, "incidents.assigned", acknowledged_by_id=_person(value))


def _take_phase(incident: Incident, phase: Phase, key: str) -> None:
    if phase == Phase.DONE:
        services.resolve(incident=incident, by=None, reason=CLOSED_THERE.format(key=key))
    elif not incident.is_open:
        _reopen(incident, key)
    if phase == Phase.WORKING:
        services.acknowledge(incident=incident, by=incident.acknowledged_by)
    elif phase == Phase.OPEN and incident.state != State.TRIGGERED:
        _set(incident, "incidents.released", state=State.TRIGGERED, acknowledged_at=None)


def _person(name: str) -> int | None:
    if not name:
        return None
    if found := User.objects.filter(username=name, is_active=True).first():
        return found.pk
    raise Conflict(reason=f"Nobody here is called {name}, as the mapping says.")


def _reopen(incident: Incident, key: str) -> None:
    """Open it again, unless what it is about is over, has another incident, or is part of one."""
    alerts = Alert.objects.of_incident(incident.alert_id, incident.involved.values("alert"))
    if alerts and not alerts.going_on().exists():
        raise Conflict(reason=f"Incident {incident.number} is over: its alert has recovered.")
    try:
        services.reopen(incident=incident, by=None, reason=OPENED_THERE.format(key=key))
    except (NotOver, AnotherOpen) as refusal:
        raise Conflict(reason=f"Incident {incident.number} stays closed. {refusal}") from refusal
    incident.refresh_from_db()


def _set(incident: Incident, verb: str, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(incident, name, value)
    incident.save(update_fields=[name.removesuffix("_id") for name in fields])
    data = {"number": incident.number, "alert": incident.alert_id}
    record(actor=None, verb=verb, subject=incident, project_id=incident.project_id, data=data)
    live.changed(incident.topic)
    events.publish(IncidentChanged(incident_id=incident.pk))
