"""Proposals of who is on call: silence, acknowledge, open an incident or a ticket, mend a runbook."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from pydantic import Field

from apps.assistant.proposals.registry import Draft, Kind, Outcome, offer
from apps.assistant.schemas import Arguments
from apps.core.access import Role
from apps.core.errors import Conflict
from apps.docs import access as docs
from apps.docs import services as writing
from apps.incidents import access as incidents
from apps.incidents import services as responding
from apps.incidents.tickets import linking
from apps.integrations import selectors as integrations
from apps.integrations.ports import TicketTracker
from apps.monitoring import access as monitoring
from apps.monitoring import services as alerting
from apps.monitoring.alerting import labels
from apps.monitoring.alerting.matchers import Matcher
from apps.projects import access as projects

ID = Field(ge=1, le=2**63 - 1)
RESPONDER = Role.RESPONDER


class SilenceAlert(Arguments):
    alert_id: int = ID
    hours: int = Field(2, ge=1, le=168)


class AcknowledgeAlert(Arguments):
    alert_id: int = ID


class AcknowledgeIncident(Arguments):
    incident_id: int = ID


class OpenIncident(Arguments):
    project: str = Field(max_length=60)
    title: str = Field(min_length=3, max_length=300)
    severity: Literal["low", "medium", "high", "critical"] = "high"


class OpenTicket(Arguments):
    incident_id: int = ID


class EditRunbook(Arguments):
    document_id: int = ID
    body: str = Field(min_length=1, max_length=100_000)


def _draft_silence(user: AbstractUser, asked: SilenceAlert) -> Draft:
    row = monitoring.alert(user, asked.alert_id)
    shown = ", ".join(f"{name}={value}" for name, value in sorted(labels.shown(row).items()))
    return Draft(
        project=row.project,
        title=f"Silence {row.name} for {asked.hours} hours",
        plan=(f"Create a silence for what matches {shown}.", "End it by itself afterwards."),
        consequence=f"For {asked.hours} hours nobody is told when {row.name} fires. It can be ended early.",
        needed=RESPONDER,
        state=(row.pk, row.state),
        before=f"{row.name} is told",
        after=f"{row.name} is silent for {asked.hours} hours",
    )


def _silence(user: AbstractUser, asked: SilenceAlert) -> Outcome:
    row = monitoring.alert(user, asked.alert_id, RESPONDER)
    now = timezone.now()
    made = alerting.create_silence(
        project=row.project,
        wanted=[Matcher(name, value) for name, value in sorted(labels.shown(row).items())],
        stretch=alerting.Stretch(now, now + timedelta(hours=asked.hours)),
        comment="Proposed by the assistant.",
        by=user,
    )
    return Outcome("The silence holds.", made.get_absolute_url())


def _draft_acknowledge_alert(user: AbstractUser, asked: AcknowledgeAlert) -> Draft:
    row = monitoring.alert(user, asked.alert_id)
    if row.acknowledged_at is not None or row.state != "firing":
        raise Conflict(reason=f"{row.name} does not wait for anybody.")
    return Draft(
        project=row.project,
        title=f"Acknowledge {row.name}",
        plan=("Say that you are on it.",),
        consequence="It is not told again, and everybody sees that you are on it.",
        needed=RESPONDER,
        state=(row.pk, row.state),
    )


def _acknowledge_alert(user: AbstractUser, asked: AcknowledgeAlert) -> Outcome:
    row = monitoring.alert(user, asked.alert_id, RESPONDER)
    alerting.acknowledge(alert=row, by=user)
    return Outcome("You are on it.", row.get_absolute_url())


def _draft_acknowledge(user: AbstractUser, asked: AcknowledgeIncident) -> Draft:
    row = incidents.incident(user, asked.incident_id)
    if row.state != row.State.TRIGGERED:
        raise Conflict(reason=f"Incident {row.number} is {row.state} already.")
    return Draft(
        project=row.project,
        title=f"Acknowledge incident {row.number}",
        plan=("Say that you are on it.",),
        consequence="Its escalation ends, and everybody sees that you are on it.",
        needed=RESPONDER,
        state=(row.pk, row.state),
        before=f"Incident {row.number} is {row.state}",
        after=f"Incident {row.number} is acknowledged",
    )


def _acknowledge(user: AbstractUser, asked: AcknowledgeIncident) -> Outcome:
    row = incidents.incident(user, asked.incident_id, RESPONDER)
    responding.acknowledge(incident=row, by=user)
    return Outcome("You are on it.", row.get_absolute_url())


def _draft_open(user: AbstractUser, asked: OpenIncident) -> Draft:
    project = projects.project(user, asked.project)
    return Draft(
        project=project,
        title=f"Open an incident: {asked.title}"[:200],
        plan=(f"Open an incident of {asked.severity} severity.", "Gather its evidence pack."),
        consequence=f"Whoever follows {project.name} hears of a new {asked.severity} incident.",
        needed=RESPONDER,
        state=(project.pk, asked.title, asked.severity),
    )


def _open(user: AbstractUser, asked: OpenIncident) -> Outcome:
    project = projects.project(user, asked.project, RESPONDER)
    made = responding.open_by_hand(
        project=project, title=asked.title, severity=asked.severity, by=user
    )
    return Outcome(f"Incident {made.number} is open.", made.get_absolute_url())


def _draft_ticket(user: AbstractUser, asked: OpenTicket) -> Draft:
    row = incidents.incident(user, asked.incident_id)
    tracker = integrations.connection_for(row.project, TicketTracker)
    return Draft(
        project=row.project,
        title=f"Open a ticket for incident {row.number}",
        plan=(f"File a ticket in {tracker.name} with what is known.", "Keep both sides level."),
        consequence=f"Whoever reads {tracker.name} sees incident {row.number} with its title and state.",
        needed=RESPONDER,
        state=(row.pk, tracker.pk, row.tickets.filter(connection=tracker).count()),
    )


def _ticket(user: AbstractUser, asked: OpenTicket) -> Outcome:
    row = incidents.incident(user, asked.incident_id, RESPONDER)
    linking.link_ticket(incident=row, by=user)
    return Outcome("The ticket is on its way.", row.get_absolute_url())


def _draft_edit(user: AbstractUser, asked: EditRunbook) -> Draft:
    row = docs.document(user, asked.document_id)
    newest = row.revisions.first()
    return Draft(
        project=row.project,
        title=f"Change {row.title}"[:200],
        plan=("Keep the new text as a draft beside what is published.",),
        consequence="Nobody reads the draft as a runbook until somebody publishes it.",
        needed=RESPONDER,
        state=(row.pk, newest.number if newest else 0, asked.body),
        before=row.body,
        after=asked.body,
    )


def _edit(user: AbstractUser, asked: EditRunbook) -> Outcome:
    row = docs.document(user, asked.document_id, RESPONDER)
    writing.revise(document=row, body=asked.body, by=user, draft=True)
    return Outcome("The draft waits to be published.", row.get_absolute_url())


offer(
    Kind(
        "silence", "Tell nobody of an alert for some hours.", SilenceAlert, _draft_silence, _silence
    )
)
offer(Kind("acknowledge_alert", "Say that one is on an alert.", AcknowledgeAlert,
           _draft_acknowledge_alert, _acknowledge_alert))  # fmt: skip
offer(Kind("acknowledge", "Say that one is on an incident.", AcknowledgeIncident,
           _draft_acknowledge, _acknowledge))  # fmt: skip
offer(
    Kind(
        "open_incident",
        "Open an incident that no monitor has seen.",
        OpenIncident,
        _draft_open,
        _open,
    )
)
offer(Kind("open_ticket", "Have a ticket for an incident.", OpenTicket, _draft_ticket, _ticket))
offer(Kind("edit_runbook", "Write a draft of a runbook.", EditRunbook, _draft_edit, _edit))
