"""What watches a deployment, and when it looks."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.models import Job
from apps.monitoring.errors import NameTaken, NotOnDemand
from apps.monitoring.models import Baseline, Monitor
from apps.monitoring.services.journal import note
from apps.monitoring.services.mismatches import DESIRED_STATE


@transaction.atomic
def create_monitor(
    *,
    baseline: Baseline,
    name: str,
    by: AbstractUser,
    window_rows: int = 200,
    every_seconds: int = 60,
) -> Monitor:
    """Watch a deployment's inputs against a baseline."""
    if name == DESIRED_STATE:
        raise NameTaken(deployment=baseline.deployment.slug, name=name)
    monitor = Monitor(
        project_id=baseline.project_id,
        deployment_id=baseline.deployment_id,
        baseline=baseline,
        name=name,
        window_rows=window_rows,
        every_seconds=every_seconds,
    )
    try:
        with transaction.atomic():
            monitor.save(force_insert=True)
    except IntegrityError as error:
        raise NameTaken(deployment=baseline.deployment.slug, name=name) from error
    note(monitor, verb="monitoring.monitor_created", by=by)
    return monitor


def postpone(monitor: Monitor) -> None:
    """Set the time of the next look."""
    Monitor.objects.filter(pk=monitor.pk).update(due_at=timezone.now() + monitor.every)


def look_now(*, monitor: Monitor, by: AbstractUser) -> Job:
    """Judge the newest window without waiting for the next look."""
    if not monitor.looks_at_rows:
        raise NotOnDemand(name=monitor.name)
    return jobs.enqueue(
        "monitoring.evaluate",
        owner=by,
        project_id=monitor.project_id,
        key=f"monitor:{monitor.pk}",
        monitor_id=monitor.pk,
    )
