"""What the assistant may read of incidents, each as the person asking may see it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, told, tool
from apps.incidents import access, selectors
from apps.incidents.models import Incident, Ticket
from apps.incidents.oncall import selectors as oncall

MOST = 10


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
    return [_incident(incident), *(
        Found(item.kind, f"{item.subject_kind}:{item.subject_id}:{item.position}", item.title, item.url, item.text)
        for item in selectors.telling(incident)
    )]  # fmt: skip


@tool()
def incident_facts(*, user: AbstractUser, incident_id: int) -> list[Found]:
    """One incident: state, severity, who opened, acknowledged and resolved it when."""
    return [_incident(access.incident(user, incident_id))]


def _incident(row: Incident) -> Found:
    name = f"Incident {row.number}"
    by = f" by {row.opened_by.username}" if row.opened_by else ""
    where = f" on {row.deployment.slug}" if row.deployment else ""
    who = row.acknowledged_by.username if row.acknowledged_by else ""
    facts = {
        "incident": f"{name} was opened at {row.opened_at:%F %H:%M} UTC{by}{where} "
        f"and is {row.state}: {row.title}.",
        "severity": f"The severity of incident {row.number} is {row.severity}.",
        "acknowledged": f"{name} was acknowledged by {who} at {row.acknowledged_at:%F %H:%M} UTC."
        if who and row.acknowledged_at
        else f"Nobody has acknowledged incident {row.number}.",
        "resolved": f"{name} was resolved at {row.resolved_at:%F %H:%M} UTC."
        if row.resolved_at
        else f"{name} is not resolved.",
        "reason": f"The reason noted for incident {row.number} is: {row.reason}"
        if row.reason
        else "",
    }
    return told("incident", row.pk, str(row), row.get_absolute_url(), facts)


@tool()
def incidents_of(
    *, user: AbstractUser, project: str | None = None, deployment: str = "", only_open: bool = False
) -> list[Found]:
    """How many incidents are open and how many there were, and the newest ones, open ones first."""
    found = selectors.incidents(user)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(deployment__slug=deployment) if deployment else found
    where = f" for {deployment}" if deployment else f" in {project}" if project else ""
    text = f"{found.open().count()} incidents are open{where}, {found.count()} were opened in all."
    key = f"incidents:{deployment or project or ''}"
    head = told("count", key, "Incidents", "/incidents/", {"count:incidents": text})
    rows = list(found.open()[:MOST])
    rows = rows if rows or only_open else list(found[:MOST])
    return [head, *(_incident(row) for row in rows)]


@tool()
def incidents_between(
    *, user: AbstractUser, since: datetime, until: datetime, project: str | None = None, deployment: str = ""
) -> list[Found]:  # fmt: skip
    """The incidents that were opened in a stretch of time, the oldest first, and how many they are."""
    found = selectors.incidents(user).filter(opened_at__gte=since, opened_at__lt=until)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(deployment__slug=deployment) if deployment else found
    between = f"between {since:%F %H:%M} and {until:%F %H:%M} UTC"
    where = f" for {deployment}" if deployment else f" in {project}" if project else ""
    text = f"{found.count()} incidents were opened{where} {between}."
    key = f"incidents:{deployment or project or ''}:{since:%F-%H:%M}"
    head = told("count", key, "Incidents", "/incidents/", {"count:incidents": text})
    return [head, *(_incident(row) for row in found.order_by("opened_at", "pk")[:MOST])]


@tool()
def tickets_of(*, user: AbstractUser, incident_id: int) -> list[Found]:
    """The tickets of one incident in other systems."""
    row = access.incident(user, incident_id)
    return [_ticket(each, row) for each in selectors.tickets(user).filter(incident=row)[:MOST]]


def _ticket(row: Ticket, incident: Incident) -> Found:
    status = f" with the status {row.remote_status}" if row.remote_status else ""
    who = f", assigned to {row.remote_assignee}" if row.remote_assignee else ""
    text = (
        f"The ticket of incident {incident.number} in {row.connection.name} is {row}{status}{who}."
    )
    url = incident.get_absolute_url()
    facts = {"ticket": text, "contradiction": _disagreement(row, incident)}
    return told("ticket", row.pk, f"Ticket {row}", url, facts)


def _disagreement(row: Ticket, incident: Incident) -> str:
    if row.remote_closed != incident.is_open:
        return ""
    theirs = "closed" if row.remote_closed else "open"
    return f"The records disagree: incident {incident.number} is {incident.state}, and its ticket {row} is {theirs}."


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
    return told(
        "oncall_schedule", schedule.pk, title, schedule.get_absolute_url(), {"on_call": text}
    )
