from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import NotFound
from apps.core.jobs import Progress, job_task
from apps.predictions import access, services, sources

# Batches wait until they are worth a file, or old.
MANY_BATCHES = 500
WAITS_AT_MOST = timedelta(minutes=5)
# A gateway deletes a segment once it was taken in; one that was killed in between sends it again at its next start.
REMEMBERED = timedelta(days=30)


@shared_task(name="predictions.compact_due")
def compact_due() -> None:
    """Enqueue a compaction for each deployment whose batches are many or old; remove what is left over."""
    now = timezone.now()
    for deployment_id, project_id, batches, since in services.waiting():
        if batches >= MANY_BATCHES or since < now - WAITS_AT_MOST:
            jobs.enqueue(
                "predictions.compact",
                owner=None,
                project_id=project_id,
                key=f"compact:{deployment_id}",
                deployment_id=deployment_id,
            )
    services.sweep()


@job_task("predictions.compact", time_limit=timedelta(hours=1))
def compact(progress: Progress, *, deployment_id: int) -> dict[str, Any]:
    """Bring the batches of one deployment into Parquet."""
    progress(10, "Writing files of the lake")
    source = sources.known(deployment_id)
    if source is None:
        raise NotFound(what="deployment")
    return {"rows": services.compact(source=source)}


@shared_task(name="predictions.retain_due")
def retain_due() -> None:
    """Enqueue a job for each project that keeps its predictions for a time; forget old segments."""
    services.forget_shipments(before=timezone.now() - REMEMBERED)
    for retention in access.retentions():
        jobs.enqueue(
            "predictions.retain",
            owner=None,
            project_id=retention.project_id,
            key=f"retain:{retention.project_id}",
            retention_id=retention.pk,
        )


@job_task("predictions.retain", time_limit=timedelta(hours=2))
def retain(progress: Progress, *, retention_id: int) -> dict[str, Any]:
    """Drop what a project does not keep any more."""
    progress(10, "Looking for what is older than the project keeps")
    return {"rows": services.drop_old(retention=access.known_retention(retention_id))}


@job_task("predictions.erase", on_failure=services.fail_erasure, time_limit=timedelta(hours=6))
def erase(progress: Progress, *, erasure_id: int) -> dict[str, Any]:
    """Take a subject's rows out of batches and files."""
    progress(5, "Looking for the rows")
    done = services.erase(erasure=access.known_erasure(erasure_id))
    return {"predictions": done.predictions, "truths": done.truths, "set_aside": done.set_aside}
