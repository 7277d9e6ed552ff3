"""Alerts begin and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from apps.core import events
from apps.deployments import selectors as deployments
from apps.monitoring.events import AlertFired, AlertResolved
from apps.monitoring.levels import Level
from apps.monitoring.models import Alert, Monitor, Verdict
from apps.monitoring.services.journal import note


def fire(monitor: Monitor, *, verdict: Verdict) -> None:
    """One alert for all features; while it fires, further windows add none."""
    if monitor.alerts.firing().exists():
        return
    moved = [finding for finding in verdict.findings if finding["level"] == Level.ACT]
    features = [{key: f[key] for key in ("name", "effect", "interval")} for f in moved]
    summary = _summary(monitor, moved, verdict.rows)
    keep(monitor, verdict=verdict, summary=summary, features=features)


def _summary(monitor: Monitor, moved: Sequence[Mapping[str, Any]], rows: int) -> str:
    names = ", ".join(f["name"] for f in moved[:3])
    more = f" and {len(moved) - 3} more" if len(moved) > 3 else ""
    return f"{monitor.deployment.slug}: inputs drifted in {rows} rows: {names}{more}"[:500]


def keep(
    monitor: Monitor, *, verdict: Verdict, summary: str, features: list[dict[str, Any]]
) -> None:
    """An alert of a monitor begins: row, ledger, event."""
    release = deployments.live_release(monitor.deployment)
    alert = Alert.objects.create(
        project_id=monitor.project_id,
        monitor=monitor,
        deployment=monitor.deployment,
        fingerprint=f"monitor:{monitor.pk}",
        severity=monitor.severity,
        verdict=verdict,
        version=release.version if release else None,
        name=monitor.name,
        summary=summary[:500],
        features=features,
    )
    data = {"alert": alert.pk, "verdict": verdict.pk, "features": len(features)}
    note(monitor, verb="monitoring.alert_fired", by=None, data=data)
    events.publish(AlertFired(alert_id=alert.pk))


def resolve(monitor: Monitor) -> None:
    """What the monitor fired is over. Safe to run twice."""
    for alert in monitor.alerts.firing():
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.RESOLVED, resolved_at=timezone.now()
        )
        note(monitor, verb="monitoring.alert_resolved", by=None, data={"alert": alert.pk})
        events.publish(AlertResolved(alert_id=alert.pk))
