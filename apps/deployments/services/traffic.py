"""How the traffic of a deployment moves from one release to another."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import events, live
from apps.deployments import selectors
from apps.deployments.events import ReleaseWentLive
from apps.deployments.models import Deployment, Release, ServedSpan
from apps.deployments.services.telling import record_release, routes_changed


@transaction.atomic
def begin_moving(release: Release, *, share: int, shadow: bool = False) -> None:
    """Let a release whose model servers are ready take part in the traffic. Safe to run twice."""
    starting = Release.objects.filter(pk=release.pk, state=Release.State.STARTING)
    if not starting.update(
        state=Release.State.MOVING, share=share, shadow=shadow, step=0, step_since=timezone.now()
    ):
        return
    record_release(release, verb="deployments.traffic_moved", by=None, share=share, shadow=shadow)
    routes_changed(release.deployment)


@transaction.atomic
def next_step(release: Release, *, step: int, share: int) -> None:
    """Move more traffic, one step on. Safe to run twice."""
    before = Release.objects.filter(pk=release.pk, state=Release.State.MOVING, step=step - 1)
    if not before.update(step=step, share=share, step_since=timezone.now()):
        return
    record_release(release, verb="deployments.traffic_moved", by=None, share=share, shadow=False)
    routes_changed(release.deployment)


@transaction.atomic
def hold(release: Release, *, note: str, by: AbstractUser | None) -> None:
    """Leave the traffic as it is, until somebody or the end of a freeze lets it go on."""
    moving = Release.objects.filter(pk=release.pk, state=Release.State.MOVING)
    if moving.update(state=Release.State.PAUSED, note=note[:500]):
        record_release(release, verb="deployments.release_paused", by=by)
        live.changed(release.deployment.topic)


@transaction.atomic
def let_go(release: Release, *, by: AbstractUser | None) -> None:
    """Go on after a pause; the present step begins anew, so that it is as long as it should be."""
    paused = Release.objects.filter(pk=release.pk, state=Release.State.PAUSED)
    if paused.update(
        state=Release.State.MOVING, note="", wish=Release.Wish.NONE, step_since=timezone.now()
    ):
        record_release(release, verb="deployments.release_resumed", by=by)
        live.changed(release.deployment.topic)


@transaction.atomic
def go_live(release_id: int, *, by: AbstractUser | None = None) -> None:
    """Send all the traffic to a release whose model servers are ready. Safe to run twice."""
    release = Release.objects.select_related("deployment__environment").get(pk=release_id)
    Deployment.objects.select_for_update().get(pk=release.deployment_id)
    if not Release.objects.filter(pk=release_id, state__in=Release.IN_FLIGHT).exists():
        return
    now = timezone.now()
    _supersede(release, now)
    Release.objects.filter(pk=release_id).update(
        state=Release.State.LIVE,
        live_at=now,
        share=0,
        shadow=False,
        wish=Release.Wish.NONE,
        note="",
    )
    _open_span(release, now)
    verb = "deployments.rolled_back" if release.undoes_id else "deployments.released"
    record_release(release, verb=verb, by=by or release.requested_by)
    routes_changed(release.deployment)
    events.publish(ReleaseWentLive(release_id=release_id))


def _supersede(release: Release, now: datetime) -> None:
    """End what was live before; its model servers drain and stop, some time later if they stay warm."""
    stay = stays_warm(release)
    for old in release.deployment.releases.live():
        state = Release.State.SUPERSEDED
        if old.pk == release.undoes_id:
            state = Release.State.ROLLED_BACK
        Release.objects.filter(pk=old.pk).update(state=state, ended_at=now)
        old.replicas.filter(retired_at=None).update(retired_at=now + stay)
        ServedSpan.objects.filter(release=old, until=None).update(until=now)


def stays_warm(release: Release) -> timedelta:
    """How long the model servers of the release before stay, for a quick way back."""
    strategy = selectors.strategy_of(release)
    seconds = strategy.step_seconds if strategy.kind == "blue_green" else 0.0
    return timedelta(seconds=seconds)


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
