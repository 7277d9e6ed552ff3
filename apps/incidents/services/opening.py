"""How incidents begin: an alert opens one, joins one that is open, or wakes one that was over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.incidents.models import Incident, Involved
from apps.incidents.services import moving
from apps.incidents.services.changes import changed, hold, locked, require_open
from apps.incidents.services.gathering import gather
from apps.monitoring.models import Alert
from apps.projects.models import Project

# An alert of the same deployment within this time of the incident's beginning is part of it.
TOGETHER = timedelta(hours=1)
# The same alert within this time of the incident's end is the same incident.
AGAIN = timedelta(days=1)


@transaction.atomic
def open_from_alert(alert: Alert) -> Incident:
    """The alert's incident: one it has, one it belongs to, else a new one. Safe to run twice."""
    # Two alerts of one deployment cannot both find none open.
    hold(alert.project_id)
    return _own(alert) or _joined(alert) or _woken(alert) or _open_for(alert)


@transaction.atomic
def go_on_with_alert(alert: Alert) -> None:
    """The alert fires on, or is back a moment after it resolved: so does its incident.

    Opens one where it has none; what people ended stays ended. Safe to run twice.
    """
    hold(alert.project_id)
    if _own(alert) is not None:
        return
    known = Incident.objects.of_alert(alert).filter(merged_into=None)
    last = known.select_for_update(of=("self",)).order_by("-pk").first()
    if last is None:
        open_from_alert(alert)
    elif last.by_hand:
        return
    elif moving.other_open(last) is None:
        moving.go_on(last)
    else:
        _open_for(alert)


def _own(alert: Alert) -> Incident | None:
    """Its open incident, held: one that is being resolved right now is none."""
    return Incident.objects.of_alert(alert).open().select_for_update(of=("self",)).first()


def _joined(alert: Alert) -> Incident | None:
    """The open incident of the same deployment that began a moment ago, with the alert in it."""
    if alert.deployment_id is None or alert.tells_of_state:
        return None
    young = Incident.objects.open().filter(
        deployment_id=alert.deployment_id,
        project_id=alert.project_id,
        opened_at__gt=timezone.now() - TOGETHER,
    )
    # Held, so that none is resolved without a look at the alert that joins it.
    held = young.select_for_update(of=("self",)).select_related("alert__monitor")
    for home in held.order_by("pk"):
        if home.alert is None or not home.alert.tells_of_state:
            return involve(incident=home, alert=alert)
    return None


def _woken(alert: Alert) -> Incident | None:
    """The same alert fired before, and its incident was resolved less than a day ago: it goes on."""
    before = Alert.objects.filter(project_id=alert.project_id, fingerprint=alert.fingerprint)
    recent = Incident.objects.of_alert(*before).filter(
        state=Incident.State.RESOLVED, resolved_at__gt=timezone.now() - AGAIN
    )
    found = recent.select_for_update(of=("self",)).order_by("-pk").first()
    if found is None or found.by_hand or moving.other_open(found) is not None:
        return None
    moving.wake(found, by=None, reason=f"{alert.name} fires again")
    return involve(incident=found, alert=alert)


@transaction.atomic
def involve(*, incident: Incident, alert: Alert, by: AbstractUser | None = None) -> Incident:
    """Let an alert be part of an incident, while that is open. Safe to run twice."""
    hold(incident.project_id)
    row = locked(incident)
    require_open(row)
    _, is_new = Involved.objects.get_or_create(alert=alert, defaults={"incident": row})
    if is_new:
        changed(row, verb="incidents.alert_joined", by=by, joined=alert.pk)
        gather(row, reason=f"{alert.name} joined")
    return row


def _open_for(alert: Alert) -> Incident:
    deployment = alert.deployment
    return begin(
        project=alert.project,
        title=alert.summary,
        by=None,
        alert=alert,
        deployment=deployment,
        release=deployments.live_release(deployment) if deployment else None,
    )


@transaction.atomic
def open_by_hand(
    *,
    project: Project,
    title: str,
    severity: str,
    by: AbstractUser,
    deployment: Deployment | None = None,
) -> Incident:
    """Open an incident that no monitor has seen."""
    release = deployments.live_release(deployment) if deployment else None
    return begin(
        project=project,
        title=title,
        by=by,
        severity=severity,
        deployment=deployment,
        release=release,
    )


def begin(*, project: Project, title: str, by: AbstractUser | None, **fields: Any) -> Incident:
    """The next incident of a project; runs inside the transaction of whoever opens it."""
    # Two incidents cannot get the same number.
    hold(project.pk)
    last = project.incidents.aggregate(last=Max("number"))["last"] or 0
    incident = Incident.objects.create(
        project=project,
        number=last + 1,
        title=title[:300],
        opened_by_id=by.pk if by else None,
        **fields,
    )
    changed(incident, verb="incidents.opened", by=by)
    gather(incident)
    return incident


def catch_up() -> None:
    """Do what an event asked for and a killed process did not: alerts and incidents belong together."""
    open_ = Incident.objects.open()
    gathered = Involved.objects.filter(incident__in=open_)
    alone = Alert.objects.needing_incident().exclude(pk__in=gathered.values("alert"))
    alone = alone.exclude(pk__in=open_.exclude(alert=None).values("alert"))
    for alert in alone.select_related("deployment", "project").order_by("pk"):
        go_on_with_alert(alert)
    for incident in open_.recovered():
        moving.resolve_if_recovered(incident)
