"""What a person may ask of a job."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models.functions import Now

from apps.core import journal, live
from apps.core.errors import Conflict
from apps.core.jobs import ends
from apps.core.jobs.sending import enqueue
from apps.core.jobs.work import WORK
from apps.core.models import Job


@transaction.atomic
def request_cancel(job: Job, *, by: AbstractUser) -> Job:
    """End a queued job at once and a running one at its next step; asking twice is asking once."""
    # Locked, so that no worker claims or returns it between the look and the write.
    job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    if not job.is_active:
        raise Conflict(reason=f"This job has already ended: it is {job.state}.")
    if job.cancel_requested_at:
        return job
    journal.record(
        actor=by, verb="core.job_cancel_requested", subject=job, project_id=job.project_id
    )
    if job.state == Job.State.QUEUED:
        _cancel_queued(job)
    else:
        _ask_worker(job)
    job.refresh_from_db()
    return job


def _cancel_queued(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.CANCELLED,
        cancel_requested_at=Now(),
        ended_at=Now(),
        note=ends.CANCELLED,
    )
    ends.settle(job, Job.State.CANCELLED, note=ends.CANCELLED)


def _ask_worker(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=Now(), note="Stopping.")
    live.changed_all(job.topics)


@transaction.atomic
def try_again(job: Job, *, by: AbstractUser) -> Job:
    """Enqueue the same work anew; the job that failed stays as it is."""
    if not job.ended_badly:
        raise Conflict(reason=f"Only a failed or cancelled job can be retried; it is {job.state}.")
    if job.freed_at is None:
        raise Conflict(reason="What this job held is not freed yet. Try again in a minute.")
    if job.kind not in WORK:
        raise Conflict(reason=f"This portal no longer knows the work {job.kind}.")
    new = enqueue(job.kind, owner=by, project_id=job.project_id, key=job.key, **job.args)
    Job.objects.filter(pk=new.pk, retry_of=None).update(retry_of=job)
    new.refresh_from_db()
    data = {"job": new.pk}
    journal.record(
        actor=by, verb="core.job_retried", subject=job, project_id=job.project_id, data=data
    )
    return new
