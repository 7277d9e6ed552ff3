"""What the assistant may read of incidents, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.incidents import access, selectors
from apps.incidents.models import Incident


@tool()
def incident_evidence(*, user: AbstractUser, incident_id: int) -> list[Found]:
    """The evidence pack of one incident."""
    return _evidence(access.incident(user, incident_id))


@tool()
def newest_incident_evidence(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """The evidence pack of the newest incident, an open one first."""
    incident = selectors.newest(user, project)
    return _evidence(incident) if incident else []


def _evidence(incident: Incident) -> list[Found]:
    opened = f"{incident.opened_at:%F %H:%M} UTC"
    about = f"Incident {incident.number} was opened at {opened} and is {incident.state}: {incident.title}."
    head = Found("incident", str(incident.pk), str(incident), incident.get_absolute_url(), about)
    return [head, *(
        Found(item.kind, f"{item.subject_kind}:{item.subject_id}:{item.position}", item.title, item.url, item.text)
        for item in selectors.telling(incident)
    )]  # fmt: skip
