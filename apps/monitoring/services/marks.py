"""What people say of an alert: that they are on it, whether it helped, and a note."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.core.errors import Invalid
from apps.monitoring.models import Alert
from apps.monitoring.services.journal import note_alert


@transaction.atomic
def acknowledge(*, alert: Alert, by: AbstractUser) -> Alert:
    """Say that somebody is on it: it is not told again. The first who says so stays."""
    mine = Alert.objects.firing().filter(pk=alert.pk, acknowledged_at=None)
    if mine.update(acknowledged_at=timezone.now(), acknowledged_by_id=by.pk):
        _changed(alert, "monitoring.alert_acknowledged", by)
    alert.refresh_from_db()
    return alert


@transaction.atomic
def acknowledge_all(*, alerts: Sequence[Alert], by: AbstractUser) -> int:
    """Acknowledge each of these that fires and waits for somebody; how many these were."""
    waiting = [a for a in alerts if a.acknowledged_at is None and a.state == Alert.State.FIRING]
    for alert in sorted(waiting, key=lambda each: each.pk):
        acknowledge(alert=alert, by=by)
    return len(waiting)


@transaction.atomic
def unacknowledge(*, alert: Alert, by: AbstractUser) -> Alert:
    """Take an acknowledgement back: it waits for somebody again."""
    taken = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=False)
    if taken.update(acknowledged_at=None, acknowledged_by=None):
        _changed(alert, "monitoring.alert_unacknowledged", by)
    alert.refresh_from_db()
    return alert


@transaction.atomic
def mark(*, alert: Alert, value: str, by: AbstractUser) -> Alert:
    """Say whether the alert was useful or noise; the empty text takes that back."""
    if value not in Alert.Mark.values:
        raise Invalid(field="mark", reason="send useful, noise or nothing")
    others = Alert.objects.filter(pk=alert.pk).exclude(mark=value)
    if others.update(mark=value, marked_by_id=by.pk if value else None):
        _changed(alert, "monitoring.alert_marked", by, mark=value)
    alert.refresh_from_db()
    return alert


@transaction.atomic
def write_note(*, alert: Alert, text: str, by: AbstractUser) -> Alert:
    """Keep a line beside the alert, in place of the one before; empty takes it away."""
    if len(text) > 500:
        raise Invalid(field="note", reason="at most 500 characters")
    if Alert.objects.filter(pk=alert.pk).exclude(note=text).update(note=text):
        _changed(alert, "monitoring.alert_noted", by)
    alert.refresh_from_db()
    return alert


def _changed(alert: Alert, verb: str, by: AbstractUser, **data: str) -> None:
    note_alert(alert, verb=verb, by=by, data=data)
    live.changed(alert.topic)
