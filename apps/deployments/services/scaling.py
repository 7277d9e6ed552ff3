"""More, fewer and fresh model servers for what a deployment serves."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.deployments.errors import NothingRuns, RestartUnderWay
from apps.deployments.models import Deployment, Release, Replica
from apps.deployments.services.telling import routes_changed
from apps.ledger.services import record

RUNNING = (Release.State.LIVE, Release.State.STARTING, Release.State.MOVING, Release.State.PAUSED)


def fit(*, deployment: Deployment, count: int) -> None:
    """Ask for so many model servers of each release that runs; those that are ready stay."""
    for release in deployment.releases.filter(state__in=RUNNING):
        _fit(release, count)


def _fit(release: Release, count: int) -> None:
    replicas = release.replicas.filter(retired_at=None).order_by("pk")
    known = sorted(replicas, key=lambda row: row.state != Replica.State.READY)
    surplus = [row.pk for row in known[count:]]
    Replica.objects.filter(pk__in=surplus).update(retired_at=timezone.now())
    missing = range(count - len(known))
    Replica.objects.bulk_create(Replica(release=release) for _ in missing)


@transaction.atomic
def restart(*, deployment: Deployment, by: AbstractUser, replica: Replica | None = None) -> int:
    """Ask for fresh model servers, of which the runner takes one after another; or for one of them."""
    # Lock the deployment, so that a second click reads what the first one asked.
    row = Deployment.objects.select_for_update().get(pk=deployment.pk)
    running = Replica.objects.filter(release__deployment=row, retired_at=None)
    if replica is not None:
        running = running.filter(pk=replica.pk)
    asked = running.filter(restart_wanted=False).update(restart_wanted=True)
    if not asked:
        refusal = RestartUnderWay if running.exists() else NothingRuns
        raise refusal(deployment=row.slug)
    record(
        actor=by,
        verb="deployments.restart_requested",
        subject=row,
        project_id=row.project_id,
        data={"replicas": asked, "replica": replica.pk if replica else None},
    )
    routes_changed(row)
    return asked
