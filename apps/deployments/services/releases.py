from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.core import jobs
from apps.deployments import selectors
from apps.deployments.configs import Strategy
from apps.deployments.errors import (
    DeploymentRetired,
    Frozen,
    NothingToRollBackTo,
    NothingToShadow,
    NotPromoted,
    ReleaseInProgress,
    WrongModel,
)
from apps.deployments.models import Configuration, Deployment, Release
from apps.deployments.planning import effective
from apps.deployments.services.telling import record_release
from apps.models.models import ModelVersion
from apps.projects import selectors as projects
from apps.projects.models import Environment


@transaction.atomic
def request_release(
    *,
    deployment: Deployment,
    version: ModelVersion,
    by: AbstractUser,
    reason: str = "",
    strategy: Strategy | None = None,
) -> Release:
    """Queue a release, one at a time; a protected environment takes promoted versions only.

    Without a strategy, the one of the deployment's configuration is followed.
    """
    if version.model_id != deployment.model_id:
        raise WrongModel(deployment=deployment.slug, model=deployment.model.name)
    _require_open(deployment.environment, version)
    row = _idle(deployment)
    current = selectors.live_release(row)
    asked = strategy or selectors.config(row).strategy
    if asked.kind == "shadow" and current is None:
        raise NothingToShadow(deployment=row.slug)
    wanted = Release(
        version=version, reason=reason, strategy=effective(asked, current).model_dump(mode="json")
    )
    return _queue(wanted, row, by)


@transaction.atomic
def roll_back(*, deployment: Deployment, by: AbstractUser | None, reason: str = "") -> Release:
    """Release the last good version again. Neither a gate nor a freeze stands in the way back.

    It goes all at once, with the configuration that it had then.
    """
    row = _idle(deployment)
    good = selectors.last_good(row)
    if good is None:
        raise NothingToRollBackTo(deployment=row.slug)
    wanted = Release(
        version=good.version,
        reason=reason,
        strategy=Strategy().model_dump(mode="json"),
        configuration=good.configuration,
        undoes=selectors.live_release(row),
    )
    return _queue(wanted, row, by)


def _require_open(environment: Environment, version: ModelVersion) -> None:
    if environment.protected and selectors.promotion_of(version, environment) is None:
        raise NotPromoted(environment=environment.name)
    if freeze := projects.freeze_at(environment, timezone.now()):
        raise Frozen(
            environment=environment.name,
            until=f"{freeze.ends_at:%F %H:%M} UTC",
            reason=freeze.reason,
        )


def _idle(deployment: Deployment) -> Deployment:
    # Lock the deployment, so that two clicks cannot both find it idle.
    rows = Deployment.objects.select_for_update(of=("self",)).select_related("environment")
    found = rows.get(pk=deployment.pk)
    if found.retired_at is not None:
        raise DeploymentRetired(deployment=found.slug)
    if found.releases.in_flight().exists():
        raise ReleaseInProgress(deployment=found.slug)
    return found


def _queue(wanted: Release, deployment: Deployment, by: AbstractUser | None) -> Release:
    """Store the release and the job that drives it."""
    last = deployment.releases.aggregate(last=Max("number"))["last"] or 0
    wanted.deployment = deployment
    wanted.number = last + 1
    wanted.requested_by_id = by.pk if by else None
    if wanted.undoes_id is None:
        wanted.configuration = Configuration.objects.filter(deployment=deployment).first()
    wanted.save(force_insert=True)
    job = jobs.enqueue(
        "deployments.release", owner=by, project_id=deployment.project_id, release_id=wanted.pk
    )
    Release.objects.filter(pk=wanted.pk).update(job_id=job.pk)
    wanted.job_id = job.pk
    verb = "rollback_requested" if wanted.undoes_id else "release_requested"
    record_release(wanted, verb=f"deployments.{verb}", by=by)
    return wanted
