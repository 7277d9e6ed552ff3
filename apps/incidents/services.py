from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from apps.core import events, jobs, live
from apps.deployments import selectors as deployments
from apps.incidents import pack
from apps.incidents.errors import AlreadyResolved
from apps.incidents.events import IncidentChanged
from apps.incidents.models import Incident, Note
from apps.incidents.oncall.paging import follow
from apps.ledger.services import record
from apps.monitoring.models import Alert
from apps.projects.models import Project

State = Incident.State


def open_from_alert(alert: Alert) -> Incident:
    """Open an incident for an alert; one that is open already is returned. Safe to run twice."""
    deployment = alert.deployment
    try:
        with transaction.atomic():
            return _open(
                project=alert.project,
                title=alert.summary,
                by=None,
                alert=alert,
                deployment=deployment,
                release=deployments.live_release(deployment) if deployment else None,
            )
    except IntegrityError:
        return Incident.objects.open().get(alert=alert)


@transaction.atomic
def open_by_hand(*, project: Project, title: str, severity: str, by: AbstractUser) -> Incident:
    """Open an incident that no monitor has seen."""
    return _open(project=project, title=title, by=by, severity=severity)


def _open(*, project: Project, title: str, by: AbstractUser | None, **fields: Any) -> Incident:
    # Lock the project, so that two incidents cannot get the same number.
    Project.objects.select_for_update().get(pk=project.pk)
    last = project.incidents.aggregate(last=Max("number"))["last"] or 0
    incident = Incident.objects.create(
        project=project,
        number=last + 1,
        title=title[:300],
        opened_by_id=by.pk if by else None,
        **fields,
    )
    _changed(incident, "incidents.opened", by)
    gather(incident)
    return incident


def gather(incident: Incident, *, reason: str = "") -> None:
    """Have the evidence pack built, or built anew for a reason."""
    jobs.enqueue(
        "incidents.gather",
        owner=None,
        project_id=incident.project_id,
        key=f"incident:{incident.pk}",
        incident_id=incident.pk,
        reason=reason,
    )


def keep_evidence(incident: Incident, *, reason: str = "") -> int:
    """Build the evidence pack and keep it where it differs. Safe to run twice."""
    return pack.keep(incident, reason=reason).items.count()


@transaction.atomic
def acknowledge(*, incident: Incident, by: AbstractUser | None) -> Incident:
    """Say that somebody is on it."""
    locked = _locked(incident)
    if locked.state != State.TRIGGERED:
        _require_open(locked)
        return locked
    locked.state, locked.acknowledged_at = State.ACKNOWLEDGED, timezone.now()
    locked.acknowledged_by_id = by.pk if by else None
    locked.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    _changed(locked, "incidents.acknowledged", by)
    return locked


@transaction.atomic
def resolve(*, incident: Incident, by: AbstractUser | None, reason: str) -> Incident:
    """End an incident, with the reason."""
    locked = _locked(incident)
    _require_open(locked)
    locked.state, locked.resolved_at, locked.reason = State.RESOLVED, timezone.now(), reason[:500]
    locked.save(update_fields=["state", "resolved_at", "reason"])
    _changed(locked, "incidents.resolved", by)
    return locked


def resolve_with_alert(alert: Alert) -> None:
    """The monitor has recovered: what its alert opened is over. Safe to run twice."""
    for incident in Incident.objects.open().filter(alert=alert):
        resolve(incident=incident, by=None, reason=f"{alert.name} has recovered.")


@transaction.atomic
def reopen_with_alert(alert: Alert) -> None:
    """The alert is back a moment after it resolved: its newest incident goes on. Safe to run twice."""
    found = Incident.objects.select_for_update().filter(alert=alert).order_by("-pk").first()
    if found is None or found.state != State.RESOLVED:
        return
    found.state = State.ACKNOWLEDGED if found.acknowledged_at else State.TRIGGERED
    found.resolved_at, found.reason = None, ""
    found.save(update_fields=["state", "resolved_at", "reason"])
    _changed(found, "incidents.reopened", None)


def catch_up() -> None:
    """Do what an event asked for and a killed process did not: alerts and incidents belong together."""
    firing = Alert.objects.needing_incident().select_related("deployment", "project")
    for alert in firing.filter(incidents=None):
        open_from_alert(alert)
    recovered = Alert.objects.recovered().filter(incidents__state__in=Incident.OPEN)
    for alert in recovered.select_related("monitor").distinct():
        resolve_with_alert(alert)


@transaction.atomic
def add_note(*, incident: Incident, text: str, by: AbstractUser) -> Note:
    """Write something down."""
    note = Note.objects.create(incident=incident, text=text, by_id=by.pk)
    record(
        actor=by,
        verb="incidents.noted",
        subject=incident,
        project_id=incident.project_id,
        data={"note": note.pk},
    )
    live.changed(incident.topic)
    events.publish(IncidentChanged(incident_id=incident.pk))
    return note


def _locked(incident: Incident) -> Incident:
    # Two people, a ticket and a monitor may act at once; the first decides.
    return Incident.objects.select_for_update().get(pk=incident.pk)


def _require_open(incident: Incident) -> None:
    if not incident.is_open:
        raise AlreadyResolved(number=incident.number, state=incident.state)


def _changed(incident: Incident, verb: str, by: AbstractUser | None) -> None:
    record(
        actor=by,
        verb=verb,
        subject=incident,
        project_id=incident.project_id,
        data={"number": incident.number, "alert": incident.alert_id},
    )
    follow(incident)
    live.changed(incident.topic)
    events.publish(IncidentChanged(incident_id=incident.pk))
