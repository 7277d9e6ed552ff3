"""What runs is not what is wanted: the portal's own monitor of each deployment."""

from __future__ import annotations

from django.db import transaction

from apps.core import live
from apps.deployments import selectors_mismatches as differences
from apps.deployments.models import Deployment
from apps.monitoring.levels import Level
from apps.monitoring.models import Monitor, Verdict
from apps.monitoring.services import firing

DESIRED_STATE = "Wanted against found"
State = Monitor.State


@transaction.atomic
def fire_for_mismatches(*, deployment: Deployment) -> None:
    """A deployment runs something else than is wanted: one alert for all that differs. Safe to run twice."""
    differing = list(differences.open_mismatches(deployment))
    if not differing:
        return
    monitor, _ = Monitor.objects.select_for_update().get_or_create(
        deployment=deployment,
        kind=Monitor.Kind.DESIRED_STATE,
        defaults={"project_id": deployment.project_id, "name": DESIRED_STATE, "enabled": False},
    )
    if firing.tell_again(monitor):
        return
    verdict = Verdict.objects.create(
        monitor=monitor,
        level=Level.ACT,
        rows=0,
        starts_at=min(row.since for row in differing),
        ends_at=max(row.seen_at for row in differing),
        findings=[
            {"name": row.get_kind_display(), "wanted": row.wanted, "found": row.found}
            for row in differing
        ],
    )
    Monitor.objects.filter(pk=monitor.pk).update(state=State.ALERTING)
    first = differing[0]
    told = f"{first.get_kind_display()}: wanted {first.wanted}, found {first.found}"
    firing.keep(
        monitor,
        verdict=verdict,
        summary=f"{deployment.slug} runs something else. {told}",
    )
    live.changed(monitor.topic)


@transaction.atomic
def resolve_for_mismatches(*, deployment: Deployment) -> None:
    """Nothing differs any more: the alert about it is over. Safe to run twice."""
    if differences.open_mismatches(deployment).exists():
        return
    for monitor in deployment.monitors.filter(kind=Monitor.Kind.DESIRED_STATE):
        Monitor.objects.filter(pk=monitor.pk).update(state=State.CALM)
        firing.resolve(monitor)
        live.changed(monitor.topic)
