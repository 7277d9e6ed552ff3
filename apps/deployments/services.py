from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from apps.core import events, jobs, live
from apps.deployments import selectors
from apps.deployments.errors import (
    Frozen,
    NothingToRollBackTo,
    NotPromoted,
    ReleaseInProgress,
    SlugTaken,
    WrongModel,
)
from apps.deployments.events import ReleaseFailed, ReleaseWentLive
from apps.deployments.models import Deployment, Release, Replica, ServedSpan
from apps.ledger.services import record
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects import selectors as projects
from apps.projects.models import Environment

DRAIN = timedelta(seconds=5)
CHANNEL = "signalbox_routes"


@transaction.atomic
def create_deployment(
    *, environment: Environment, model: RegisteredModel, slug: str, by: AbstractUser
) -> Deployment:
    """Name a place where one model is served."""
    deployment = Deployment(
        project_id=environment.project_id,
        environment=environment,
        model=model,
        slug=slug,
        created_by_id=by.pk,
    )
    try:
        with transaction.atomic():
            deployment.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken(slug=slug) from error
    record(
        actor=by,
        verb="deployments.created",
        subject=deployment,
        project_id=deployment.project_id,
        data={"environment": environment.pk, "model": model.pk},
    )
    return deployment


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
    _record(release, verb, by)
    return release


@transaction.atomic
def start_replicas(release: Release) -> Replica:
    """Ask for the model server of a release. Safe to run twice."""
    Release.objects.filter(pk=release.pk, state=Release.State.QUEUED).update(
        state=Release.State.STARTING
    )
    replica, _ = Replica.objects.get_or_create(release=release, retired_at=None)
    live.changed(release.deployment.topic)
    return replica


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
    _record(release, verb, release.requested_by)
    _routes_changed(release.deployment)
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
    _record(release, "deployments.release_failed", None)
    live.changed(release.deployment.topic)
    events.publish(ReleaseFailed(release_id=release_id))


def note_replica(
    replica_id: int, *, state: Replica.State, note: str = "", **fields: object
) -> None:
    """Write down what the runner sees of a model server."""
    now = timezone.now()
    values = {"state": state, "note": note[:500], "changed_at": now, **fields}
    Replica.objects.filter(pk=replica_id).update(**values)
    replica = Replica.objects.select_related("release__deployment").filter(pk=replica_id).first()
    if replica is not None:
        _routes_changed(replica.release.deployment)


def _routes_changed(deployment: Deployment) -> None:
    """Wake the gateways and the pages once this is stored."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    live.changed(deployment.topic)


def _record(release: Release, verb: str, by: AbstractUser | None) -> None:
    data = {"release": release.number, "version": release.version_id, "undoes": release.undoes_id}
    record(
        actor=by,
        verb=verb,
        subject=release.deployment,
        project_id=release.deployment.project_id,
        data={**data, "release_id": release.pk},
    )
