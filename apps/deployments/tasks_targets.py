"""What is done in time for targets: follow their model servers, compare, revert."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from apps.core.jobs import Progress, job_task
from apps.deployments import reconciler, selectors_mismatches, services
from apps.deployments.models import Deployment, Mismatch

FOLLOW_SECONDS, LOOK_SECONDS = 5, 50
JOINED = ("connection", "environment", "model", "project")


@shared_task(name="deployments.follow_targets")
def follow_targets() -> None:
    """Each target by itself, so that one that hangs holds up no other."""
    followed = selectors_mismatches.followed()
    for pk in followed.values_list("pk", flat=True):
        follow_target.apply_async((pk,), expires=FOLLOW_SECONDS)


@shared_task(name="deployments.follow_target")
def follow_target(deployment_id: int) -> None:
    """Bring one deployment's target and rows together, unless somebody is at it already."""
    with reconciler.alone(deployment_id) as alone:
        if alone:
            reconciler.follow(Deployment.objects.select_related(*JOINED).get(pk=deployment_id))


@shared_task(name="deployments.reconcile")
def reconcile() -> None:
    """Compare every deployment with what runs; those on targets each by itself."""
    for row in selectors_mismatches.reconciled().select_related(*JOINED):
        if row.connection is None:
            reconciler.look(row)
        else:
            reconcile_one.apply_async((row.pk,), expires=LOOK_SECONDS)


@shared_task(name="deployments.reconcile_one")
def reconcile_one(deployment_id: int) -> None:
    """Compare one deployment with what its target runs."""
    reconciler.look(Deployment.objects.select_related(*JOINED).get(pk=deployment_id))


@job_task("deployments.revert_mismatch", time_limit=timedelta(minutes=10))
def revert_mismatch(progress: Progress, *, mismatch_id: int) -> None:
    """Give the target what was wanted, whoever changed it."""
    row = Mismatch.objects.select_related("deployment__connection").get(pk=mismatch_id)
    if row.end != Mismatch.End.OPEN:
        return
    progress(10, "Telling the target")
    reconciler.take_back(row.deployment)
    progress(90, "The target took it")
    services.finish_revert(mismatch_id=mismatch_id)
