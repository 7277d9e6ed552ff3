"""Incidents that belong together: merged, split, related. Nothing is lost on the way."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.deployments import selectors as deployments
from apps.incidents.errors import AnotherOpen, NotJoinable
from apps.incidents.models import Incident, Involved, Relation
from apps.incidents.services.changes import changed, hold, locked, noted
from apps.incidents.services.opening import begin
from apps.monitoring.models import Alert


@transaction.atomic
def merge(*, incident: Incident, into: Incident, by: AbstractUser) -> Incident:
    """Make one incident part of another: its alerts go there, it is closed, its notes stay readable."""
    row, home = _both(incident, into)
    if row.merged_into_id == home.pk:
        return home
    for each, why in ((row, "it is merged already"), (home, "it is merged itself")):
        if each.merged_into_id is not None:
            raise NotJoinable(number=each.number, reason=why)
    _move_alerts(row, home)
    now = timezone.now()
    row.merged.update(merged_into=home)
    row.state, row.merged_into, row.closed_at = Incident.State.CLOSED, home, now
    row.resolved_at, row.reason = row.resolved_at or now, f"Merged into #{home.number}."
    row.save(update_fields=["state", "merged_into", "closed_at", "resolved_at", "reason"])
    changed(row, verb="incidents.merged", by=by, into=home.pk)
    noted(home, verb="incidents.took_in", by=by, merged=row.pk)
    return home


def _both(incident: Incident, other: Incident) -> tuple[Incident, Incident]:
    """Both rows, locked in one order, of one project, which is held."""
    if incident.pk == other.pk or incident.project_id != other.project_id:
        raise NotJoinable(number=other.number, reason="choose another incident of this project")
    hold(incident.project_id)
    keys = sorted((incident.pk, other.pk))
    rows = {
        row.pk: row
        for row in Incident.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    }
    return rows[incident.pk], rows[other.pk]


def _move_alerts(row: Incident, home: Incident) -> None:
    row.involved.update(incident=home)
    alert = row.alert
    if alert is not None and alert.pk != home.alert_id:
        Involved.objects.get_or_create(alert=alert, defaults={"incident": home})


@transaction.atomic
def split(*, incident: Incident, alert: Alert, by: AbstractUser) -> Incident:
    """Take an alert that gathered here out into an incident of its own.

    Raises `NotJoinable` where it has not gathered here, `AnotherOpen` where it has an open one by now.
    """
    hold(incident.project_id)
    row = locked(incident)
    if not row.involved.filter(alert=alert).delete()[0]:
        raise NotJoinable(number=row.number, reason="that alert has not gathered under it")
    if (other := Incident.objects.of_alert(alert).open().first()) is not None:
        raise AnotherOpen(number=other.number)
    deployment = alert.deployment
    made = begin(
        project=row.project,
        title=alert.summary,
        by=by,
        alert=alert,
        deployment=deployment,
        release=deployments.live_release(deployment) if deployment else None,
    )
    Relation.objects.create(incident=made, other=row, kind=Relation.Kind.SPLIT)
    changed(row, verb="incidents.split", by=by, into=made.pk)
    return made


@transaction.atomic
def relate(*, incident: Incident, other: Incident, by: AbstractUser) -> None:
    """Say that two incidents have to do with each other. Safe to repeat."""
    row, found = _both(incident, other)
    first, second = (row, found) if row.pk > found.pk else (found, row)
    _, is_new = Relation.objects.get_or_create(incident=first, other=second)
    if is_new:
        noted(row, verb="incidents.related", by=by, other=found.pk)
