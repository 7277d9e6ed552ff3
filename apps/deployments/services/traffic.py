from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.core import events
from apps.deployments import selectors
from apps.deployments.events import ReleaseWentLive
from apps.deployments.models import Deployment, Release, ServedSpan
from apps.deployments.services.telling import record_release, routes_changed


@transaction.atomic
def go_live(release_id: int) -> None:
    """Send the traffic to a release whose model server is ready. Safe to run twice."""
    release = Release.objects.select_related("deployment__environment").get(pk=release_id)
    Deployment.objects.select_for_update().get(pk=release.deployment_id)
    if not Release.objects.filter(pk=release_id, state__in=Release.IN_FLIGHT).exists():
        return
    now = timezone.now()
    _supersede(release, now)
    Release.objects.filter(pk=release_id).update(state=Release.State.LIVE, live_at=now)
    _open_span(release, now)
    verb = "deployments.rolled_back" if release.undoes_id else "deployments.released"
    record_release(release, verb=verb, by=release.requested_by)
    routes_changed(release.deployment)
    events.publish(ReleaseWentLive(release_id=release_id))


def _supersede(release: Release, now: datetime) -> None:
    """End what was live before; its model server drains and stops."""
    for old in release.deployment.releases.live():
        state = Release.State.SUPERSEDED
        if old.pk == release.undoes_id:
            state = Release.State.ROLLED_BACK
        Release.objects.filter(pk=old.pk).update(state=state, ended_at=now)
        old.replicas.filter(retired_at=None).update(retired_at=now)
        ServedSpan.objects.filter(release=old, until=None).update(until=now)


def _open_span(release: Release, now: datetime) -> None:
    environment = release.deployment.environment
    promotion = selectors.promotion_of(release.version, environment)
    decision = getattr(promotion, "decision", None)
    ServedSpan.objects.create(
        release=release,
        environment=environment,
        alias=environment.name if promotion else "",
        approved_by=decision.by if decision else None,
        since=now,
    )
