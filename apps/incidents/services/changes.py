"""What every change of an incident does: lock, look, record, tell."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.core import events, live
from apps.incidents.errors import AlreadyResolved
from apps.incidents.events import IncidentChanged
from apps.incidents.models import Incident
from apps.incidents.oncall.paging import follow
from apps.ledger.services import record
from apps.projects.models import Project


def hold(project_id: int) -> None:
    """Let one at a time open, open again, merge or split in a project.

    It comes before the lock of any incident; whoever holds an incident never waits for a project.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project_id)


def locked(incident: Incident) -> Incident:
    """The row as it is now, held: two people, a ticket and a monitor may act at once; the first decides."""
    return Incident.objects.select_for_update().get(pk=incident.pk)


def require_open(incident: Incident) -> None:
    """`AlreadyResolved` where somebody ended it before."""
    if not incident.is_open:
        raise AlreadyResolved(number=incident.number, state=incident.state)


def changed(incident: Incident, *, verb: str, by: AbstractUser | None, **more: Any) -> None:
    """Record it, bring the pages of on call in step, and tell who listens."""
    record(
        actor=by,
        verb=verb,
        subject=incident,
        project_id=incident.project_id,
        data={"number": incident.number, "alert": incident.alert_id, **more},
    )
    follow(incident)
    told(incident)


def noted(incident: Incident, *, verb: str, by: AbstractUser | None, **data: Any) -> None:
    """Record what changes nothing about paging."""
    record(actor=by, verb=verb, subject=incident, project_id=incident.project_id, data=data)
    told(incident)


def told(incident: Incident) -> None:
    """Tell the open pages and whatever follows the incident."""
    live.changed(incident.topic)
    events.publish(IncidentChanged(incident_id=incident.pk))
