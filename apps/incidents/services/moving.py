"""The states of an incident: taken up, mitigated, resolved, closed, and back."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.incidents.errors import AnotherOpen, NotAMember, NotOver
from apps.incidents.models import Assignment, Incident
from apps.incidents.oncall import selectors as on_call
from apps.incidents.services import recurring
from apps.incidents.services.changes import changed, hold, locked, noted, require_open
from apps.monitoring.models import Alert

State = Incident.State


@transaction.atomic
def acknowledge(*, incident: Incident, by: AbstractUser | None) -> Incident:
    """Say that somebody is on it; when that was first is kept."""
    row = locked(incident)
    if row.state != State.TRIGGERED:
        require_open(row)
        return row
    row.state, row.acknowledged_at = State.ACKNOWLEDGED, row.acknowledged_at or timezone.now()
    row.acknowledged_by_id = by.pk if by else None
    row.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])
    changed(row, verb="incidents.acknowledged", by=by)
    return row


def acknowledge_all(*, incidents: Iterable[Incident], by: AbstractUser) -> int:
    """Take up those that nobody has taken up, each by itself; how many."""
    return sum(_take_up(incident, by) for incident in incidents)


@transaction.atomic
def _take_up(incident: Incident, by: AbstractUser) -> bool:
    if locked(incident).state != State.TRIGGERED:
        return False
    acknowledge(incident=incident, by=by)
    return True


@transaction.atomic
def mitigate(*, incident: Incident, by: AbstractUser) -> Incident:
    """Say that it hurts nobody any more, though it is not over. It is taken up by that, too."""
    row = locked(incident)
    require_open(row)
    if row.state == State.MITIGATED:
        return row
    now = timezone.now()
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by_id = now, by.pk
    row.state, row.mitigated_at = State.MITIGATED, row.mitigated_at or now
    row.save(update_fields=["state", "mitigated_at", "acknowledged_at", "acknowledged_by"])
    changed(row, verb="incidents.mitigated", by=by)
    return row


@transaction.atomic
def resolve(
    *, incident: Incident, by: AbstractUser | None, reason: str, by_hand: bool = True
) -> Incident:
    """End an incident, with the reason. One that people ended stays ended while its alert still fires."""
    row = locked(incident)
    require_open(row)
    row.state, row.resolved_at, row.reason = State.RESOLVED, timezone.now(), reason[:500]
    row.by_hand = by_hand
    row.save(update_fields=["state", "resolved_at", "reason", "by_hand"])
    changed(row, verb="incidents.resolved", by=by)
    recurring.plan(row)
    return row


@transaction.atomic
def close(*, incident: Incident, by: AbstractUser) -> Incident:
    """Put a resolved incident away: nothing is left to do about it. Safe to repeat."""
    row = locked(incident)
    if row.state == State.CLOSED:
        return row
    if row.state != State.RESOLVED:
        raise NotOver(number=row.number, state=row.state, wanted="closed")
    row.state, row.closed_at = State.CLOSED, timezone.now()
    row.save(update_fields=["state", "closed_at"])
    changed(row, verb="incidents.closed", by=by)
    return row


@transaction.atomic
def reopen(*, incident: Incident, by: AbstractUser | None, reason: str) -> Incident:
    """It is not over after all. Raises `AnotherOpen` where its alert has an open incident by now."""
    hold(incident.project_id)
    row = locked(incident)
    if row.is_open:
        return row
    if row.merged_into_id is not None:
        raise NotOver(number=row.number, state="merged", wanted="opened again")
    if (other := other_open(row)) is not None:
        raise AnotherOpen(number=other.number)
    wake(row, by=by, reason=reason)
    return row


def other_open(row: Incident) -> Incident | None:
    """Another open incident to which the alert of this one belongs."""
    if row.alert is None:
        return None
    return Incident.objects.of_alert(row.alert).open().exclude(pk=row.pk).first()


def wake(row: Incident, *, by: AbstractUser | None, reason: str) -> None:
    """Let a locked incident that was over go on: somebody has to take it up anew."""
    _open_again(row, State.TRIGGERED)
    changed(row, verb="incidents.reopened", by=by, reason=reason[:500])


def go_on(row: Incident) -> None:
    """Let a locked incident that ended a moment ago go on as it was; one that was closed is taken up anew."""
    taken_up = row.acknowledged_at is not None and row.state == State.RESOLVED
    _open_again(row, State.ACKNOWLEDGED if taken_up else State.TRIGGERED)
    changed(row, verb="incidents.reopened", by=None)


def _open_again(row: Incident, state: str) -> None:
    row.state, row.reason, row.by_hand = state, "", False
    row.resolved_at = row.closed_at = None
    row.save(update_fields=["state", "resolved_at", "closed_at", "reason", "by_hand"])
    row.recurrences.filter(looked_at=None).delete()


def resolve_with_alert(alert: Alert) -> None:
    """The monitor has recovered: what its alert opened is over, once no other alert of it fires."""
    for incident in Incident.objects.of_alert(alert).open():
        resolve_if_recovered(incident)


@transaction.atomic
def resolve_if_recovered(incident: Incident) -> None:
    """End an incident none of whose alerts fires any more. Safe to run twice."""
    # Held before its alerts are looked at: none joins or comes back between the look and the end.
    row = locked(incident)
    alerts = Alert.objects.of_incident(row.alert_id, row.involved.values("alert"))
    if not row.is_open or not alerts or alerts.going_on().exists():
        return
    names = sorted(set(alerts.values_list("name", flat=True)))
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    reason = f"{who} {'has' if len(names) == 1 else 'have'} recovered."
    resolve(incident=row, by=None, reason=reason, by_hand=False)


@transaction.atomic
def set_severity(*, incident: Incident, severity: str, by: AbstractUser) -> Incident:
    """Say how bad it is; whom to page may change with it."""
    row = locked(incident)
    if row.severity == severity:
        return row
    before, row.severity = row.severity, severity
    row.save(update_fields=["severity"])
    changed(row, verb="incidents.severity_changed", by=by, before=before, after=severity)
    return row


@transaction.atomic
def assign(*, incident: Incident, part: str, user: User | None, by: AbstractUser) -> None:
    """Give a role to somebody who may act in the project, or with `None` to nobody."""
    row = locked(incident)
    if user is None:
        if row.assignments.filter(part=part).delete()[0]:
            noted(row, verb="incidents.part_left", by=by, part=part)
        return
    if not on_call.responders_of(row.project).filter(pk=user.pk).exists():
        raise NotAMember(user=user.get_username(), project=row.project.name)
    held = Assignment.objects.filter(incident=row, part=part, user=user)
    if held.exists():
        return
    values = {"user": user, "since": timezone.now()}
    Assignment.objects.update_or_create(incident=row, part=part, defaults=values)
    noted(row, verb="incidents.part_taken", by=by, part=part, user=user.pk)
