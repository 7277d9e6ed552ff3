"""What the assistant may read of incidents, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, tool
from apps.incidents import access, selectors
from apps.incidents.models import Incident
from apps.incidents.oncall import selectors as oncall


@tool()
def incident_evidence(*, user: AbstractUser, incident_id: int) -> list[Found]:
    """The evidence pack of one incident."""
    return _evidence(access.incident(user, incident_id))


@tool()
def newest_incident_evidence(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """The evidence pack of the newest incident, an open one first."""
    incident = selectors.newest(user, project)
    return _evidence(incident) if incident else []


@tool()
def on_call_now(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """Who is on call now and next, of one project or of all."""
    found = oncall.schedules(user)
    rows = list((found.filter(project__slug=project) if project else found)[:50])
    return [_standing(row) for row in oncall.standings(rows)]


def _standing(row: oncall.Standing) -> Found:
    now = f"{row.now} is on call until {row.until:%F %H:%M} UTC" if row.now else "Nobody is on call"
    after = f" {row.next} follows at {row.next_at:%F %H:%M} UTC." if row.next else ""
    schedule = row.schedule
    title = f"{schedule.name} of {schedule.project.name}"
    text = f"{now} at {title}.{after}"
    return Found("oncall_schedule", str(schedule.pk), title, schedule.get_absolute_url(), text)


def _evidence(incident: Incident) -> list[Found]:
    opened = f"{incident.opened_at:%F %H:%M} UTC"
    about = f"Incident {incident.number} was opened at {opened} and is {incident.state}: {incident.title}."
    head = Found("incident", str(incident.pk), str(incident), incident.get_absolute_url(), about)
    return [head, *(
        Found(item.kind, f"{item.subject_kind}:{item.subject_id}:{item.position}", item.title, item.url, item.text)
        for item in selectors.telling(incident)
    )]  # fmt: skip
