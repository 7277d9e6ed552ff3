"""The ends of a release that do not lead to its being live: the traffic is where it was."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import events
from apps.deployments.events import ReleaseAborted, ReleaseFailed, ReleaseRolledBack
from apps.deployments.models import Deployment, Release
from apps.deployments.services.telling import record_release, routes_changed

JOB_ENDED = "Its job ended before it was live."


@transaction.atomic
def fail_release(*, release_id: int, note: str = JOB_ENDED) -> None:
    """Free the deployment for the next release; what was live stays live. Safe to run twice."""
    if row := _end(release_id, Release.State.FAILED, note):
        record_release(row, verb="deployments.release_failed", by=None)
        events.publish(ReleaseFailed(release_id=release_id))


@transaction.atomic
def abort_release(*, release_id: int, by: AbstractUser | None, note: str) -> None:
    """End a release because a person, or its plan, says so. Safe to run twice."""
    if row := _end(release_id, Release.State.ABORTED, note):
        record_release(row, verb="deployments.release_aborted", by=by)
        events.publish(ReleaseAborted(release_id=release_id))


@transaction.atomic
def take_back(*, release_id: int, note: str) -> None:
    """Take the traffic away from what the judge found bad. Safe to run twice."""
    if row := _end(release_id, Release.State.ROLLED_BACK, note):
        record_release(row, verb="deployments.release_rolled_back", by=None)
        events.publish(ReleaseRolledBack(release_id=release_id))


def _end(release_id: int, state: Release.State, note: str) -> Release | None:
    """End it, if it has not ended yet; the row that ended, or nothing."""
    row = Release.objects.select_related("deployment").get(pk=release_id)
    Deployment.objects.select_for_update().get(pk=row.deployment_id)
    now = timezone.now()
    ended = Release.objects.filter(pk=release_id, state__in=Release.IN_FLIGHT).update(
        state=state, ended_at=now, note=note[:500], share=0, shadow=False, wish=Release.Wish.NONE
    )
    if not ended:
        return None
    row.replicas.filter(retired_at=None).update(retired_at=now)
    routes_changed(row.deployment)
    return row
