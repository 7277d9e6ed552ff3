"""Alerts of an objective: one for each speed at which its budget may burn."""

from __future__ import annotations

from apps.monitoring.models import Alert, Slo
from apps.monitoring.objectives.burning import NAMES, Speed, Standing
from apps.monitoring.services import firing


def fire_slo(slo: Slo, *, speed: Speed, found: Standing) -> None:
    """The budget burns at this speed; while the alert fires, further minutes add none."""
    key = fingerprint(slo, speed)
    if Alert.objects.firing().filter(project_id=slo.project_id, fingerprint=key).exists():
        return
    alert = Alert(
        project_id=slo.project_id,
        source=Alert.Source.SLO,
        slo=slo,
        deployment=slo.deployment,
        fingerprint=key,
        group=f"objective:{slo.pk}",
        name=slo.name,
        summary=_summary(slo, speed, found)[:500],
        severity=speed.severity,
        url=slo.get_absolute_url(),
    )
    firing.begin(alert, kind="slo")


def resolve_slo(slo: Slo, *, speed: Speed | None = None) -> None:
    """It burns at this speed no more, or at none where no speed is named. Safe to run twice."""
    found = Alert.objects.firing().filter(slo=slo)
    if speed is not None:
        found = found.filter(fingerprint=fingerprint(slo, speed))
    for alert in found.select_related("lead", "monitor"):
        firing.end(alert)


def fingerprint(slo: Slo, speed: Speed) -> str:
    """What one alert of an objective is known by."""
    return f"slo:{slo.pk}:{speed.name}"


def _summary(slo: Slo, speed: Speed, found: Standing) -> str:
    rate = found.rate(speed.long) or 0.0
    left = found.budget_left
    rest = "" if left is None else f"; {max(left, 0):.0%} of the budget is left"
    over = NAMES[speed.long]
    return f"{slo.deployment.slug}: {slo.name} burns {rate:.1f} times too fast over {over}{rest}"
