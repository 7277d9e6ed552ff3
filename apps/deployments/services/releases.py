from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.core import events, jobs, live
from apps.deployments import selectors
from apps.deployments.errors import (
    Frozen,
    NothingToRollBackTo,
    NotPromoted,
    ReleaseInProgress,
    WrongModel,
)
from apps.deployments.events import ReleaseFailed
from apps.deployments.models import Deployment, Release
from apps.deployments.services.telling import record_release
from apps.models.models import ModelVersion
from apps.projects import selectors as projects
from apps.projects.models import Environment


@transaction.atomic
def request_release(
    *, deployment: Deployment, version: ModelVersion, by: AbstractUser, reason: str = ""
) -> Release:
    """Queue a release, one at a time; a protected environment takes promoted versions only."""
    if version.model_id != deployment.model_id:
        raise WrongModel(deployment=deployment.slug, model=deployment.model.name)
    _require_open(deployment.environment, version)
    return _queue(deployment=deployment, version=version, by=by, reason=reason)


@transaction.atomic
def roll_back(*, deployment: Deployment, by: AbstractUser | None, reason: str = "") -> Release:
    """Release the last good version again. Neither a gate nor a freeze stands in the way back."""
    good = selectors.last_good(deployment)
    current = selectors.live_release(deployment)
    if good is None:
        raise NothingToRollBackTo(deployment=deployment.slug)
    return _queue(deployment=deployment, version=good.version, by=by, reason=reason, undoes=current)


def _require_open(environment: Environment, version: ModelVersion) -> None:
    if environment.protected and selectors.promotion_of(version, environment) is None:
        raise NotPromoted(environment=environment.name)
    if freeze := projects.freeze_at(environment, timezone.now()):
        raise Frozen(
            environment=environment.name,
            until=f"{freeze.ends_at:%F %H:%M} UTC",
            reason=freeze.reason,
        )


def _queue(
    *,
    deployment: Deployment,
    version: ModelVersion,
    by: AbstractUser | None,
    reason: str,
    undoes: Release | None = None,
) -> Release:
    # Lock the deployment, so that two clicks cannot both find it idle.
    deployment = Deployment.objects.select_for_update().get(pk=deployment.pk)
    if deployment.releases.in_flight().exists():
        raise ReleaseInProgress(deployment=deployment.slug)
    last = deployment.releases.aggregate(last=Max("number"))["last"] or 0
    release = Release.objects.create(
        deployment=deployment,
        number=last + 1,
        version=version,
        requested_by_id=by.pk if by else None,
        reason=reason,
        undoes=undoes,
    )
    job = jobs.enqueue(
        "deployments.release", owner=by, project_id=deployment.project_id, release_id=release.pk
    )
    Release.objects.filter(pk=release.pk).update(job_id=job.pk)
    release.job_id = job.pk
    verb = "deployments.rollback_requested" if undoes else "deployments.release_requested"
    record_release(release, verb=verb, by=by)
    return release


@transaction.atomic
def fail_release(*, release_id: int) -> None:
    """Free the deployment for the next release; what was live stays live."""
    release = Release.objects.select_related("deployment").get(pk=release_id)
    failed = Release.objects.filter(pk=release_id, state__in=Release.IN_FLIGHT).update(
        state=Release.State.FAILED, ended_at=timezone.now()
    )
    if not failed:
        return
    release.replicas.filter(retired_at=None).update(retired_at=timezone.now())
    record_release(release, verb="deployments.release_failed", by=None)
    live.changed(release.deployment.topic)
    events.publish(ReleaseFailed(release_id=release_id))
