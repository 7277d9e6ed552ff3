"""Alerts begin and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.core import events, live
from apps.deployments import selectors as deployments
from apps.monitoring.alerting import labels
from apps.monitoring.events import AlertResolved
from apps.monitoring.models import Alert, Monitor, Verdict
from apps.monitoring.services import notifying, settling
from apps.monitoring.services.journal import note_alert


def tell_again(monitor: Monitor) -> bool:
    """Count one more telling of the monitor's alert; whether there was one that fires."""
    told = {"seen_at": timezone.now(), "times": F("times") + 1}
    return bool(monitor.alerts.firing().update(**told))


def keep(
    monitor: Monitor,
    *,
    verdict: Verdict,
    summary: str,
    features: Sequence[Mapping[str, Any]] = (),
    group: str = "",
) -> Alert:
    """An alert of a monitor begins: row, ledger, event. `group` is an upstream table, where it has one."""
    return begin(
        Alert(
            project_id=monitor.project_id,
            monitor=monitor,
            deployment=monitor.deployment,
            fingerprint=f"monitor:{monitor.pk}",
            group=group[:200],
            severity=monitor.severity,
            verdict=verdict,
            name=monitor.name,
            summary=summary[:500],
            features=[*features],
        ),
        kind=monitor.kind,
    )


def begin(alert: Alert, *, kind: str) -> Alert:
    """Store an alert of the portal's own and settle it: silenced, joined to its group, or told."""
    assert alert.deployment is not None
    release = deployments.live_release(alert.deployment)
    alert.version = release.version if release else None
    alert.labels = labels.of_monitor(alert.name, alert.severity, alert.deployment, kind)
    alert.settled = False
    alert.save(force_insert=True)
    settling.settle(alert)
    return alert


def resolve(monitor: Monitor) -> None:
    """What the monitor fired is over. Safe to run twice."""
    for alert in monitor.alerts.firing().select_related("lead", "monitor"):
        end(alert)


def end(alert: Alert) -> bool:
    """An alert is over, and with the last of its group what that opened. `False`: it was over before."""
    settling.lock(alert.project_id)
    now = timezone.now()
    changed = Alert.objects.firing().filter(pk=alert.pk)
    if not changed.update(state=Alert.State.RESOLVED, resolved_at=now, settled=True):
        return False
    note_alert(alert, verb="monitoring.alert_resolved")
    live.changed(alert.topic)
    head = alert.head
    if Alert.objects.recovered().filter(pk=head.pk).exists():
        events.publish(AlertResolved(alert_id=head.pk))
        notifying.tell_resolved(head, at=now)
    return True
