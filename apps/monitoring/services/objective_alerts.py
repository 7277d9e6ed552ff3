"""Alerts of an objective: one for each speed at which its budget may burn."""

from __future__ import annotations

from django.utils import timezone

from apps.core import events
from apps.deployments import selectors as deployments
from apps.ledger.services import record
from apps.monitoring.events import AlertFired, AlertResolved
from apps.monitoring.models import Alert, Slo
from apps.monitoring.objectives.burning import NAMES, Speed, Standing


def fire_slo(slo: Slo, *, speed: Speed, found: Standing) -> None:
    """The budget burns at this speed; while the alert fires, further minutes add none."""
    open_now = Alert.objects.firing().filter(
        project_id=slo.project_id, fingerprint=fingerprint(slo, speed)
    )
    if open_now.exists():
        return
    release = deployments.live_release(slo.deployment)
    alert = Alert.objects.create(
        project_id=slo.project_id,
        source=Alert.Source.SLO,
        slo=slo,
        deployment=slo.deployment,
        version=release.version if release else None,
        fingerprint=fingerprint(slo, speed),
        group=f"objective:{slo.pk}",
        name=slo.name,
        summary=_summary(slo, speed, found)[:500],
        severity=speed.severity,
        labels={"objective": slo.name, "speed": speed.name, "indicator": slo.indicator},
        url=slo.get_absolute_url(),
    )
    _note(slo, "monitoring.alert_fired", alert)
    events.publish(AlertFired(alert_id=alert.pk))


def resolve_slo(slo: Slo, *, speed: Speed | None = None) -> None:
    """It burns at this speed no more, or at none where no speed is named. Safe to run twice."""
    found = Alert.objects.firing().filter(slo=slo)
    if speed is not None:
        found = found.filter(fingerprint=fingerprint(slo, speed))
    for alert in found:
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.RESOLVED, resolved_at=timezone.now()
        )
        _note(slo, "monitoring.alert_resolved", alert)
        events.publish(AlertResolved(alert_id=alert.pk))


def fingerprint(slo: Slo, speed: Speed) -> str:
    """What one alert of an objective is known by."""
    return f"slo:{slo.pk}:{speed.name}"


def _note(slo: Slo, verb: str, alert: Alert) -> None:
    data = {"deployment": slo.deployment_id, "alert": alert.pk}
    record(actor=None, verb=verb, subject=slo, project_id=slo.project_id, data=data)


def _summary(slo: Slo, speed: Speed, found: Standing) -> str:
    rate = found.rate(speed.long) or 0.0
    left = found.budget_left
    rest = "" if left is None else f"; {max(left, 0):.0%} of the budget is left"
    over = NAMES[speed.long]
    return f"{slo.deployment.slug}: {slo.name} burns {rate:.1f} times too fast over {over}{rest}"
