"""How a try ends: the job closes or goes back into the queue."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core import journal, live
from apps.core.commit import after_commit
from apps.core.jobs import figures, values
from apps.core.jobs.sending import send
from apps.core.jobs.work import WORK
from apps.core.models import Job, JobLine

logger = logging.getLogger(__name__)

MOST_TRIES = 5
CANCELLED = "Cancelled."


def end(job: Job, state: Job.State, *, note: str = "", **fields: Any) -> bool:
    """Close a job that this claim still holds; what it held is freed in the same transaction."""
    if note:
        fields["note"] = values.text(note, longest=500)
    with transaction.atomic():
        if not Job.objects.held(job).update(
            state=state, ended_at=Now(), lease_until=None, **fields
        ):
            return False
        settle(job, state, note=note)
    return True


def settle(job: Job, state: Job.State, *, note: str) -> None:
    """What belongs to every end, inside its transaction."""
    if note:
        JobLine.objects.create(job=job, text=values.text(note))
    if state != Job.State.DONE:
        journal.record(
            actor=None,
            verb=f"core.job_{state.value}",
            subject=job,
            project_id=job.project_id,
            data={"kind": job.kind, "tries": job.tries},
        )
        free(job)
    live.changed_all(job.topics)
    after_commit(figures.ended, job, state)


def free(job: Job) -> None:
    """Free what the job held. Where that fails the job has ended all the same, and the sweep tries again."""
    if job.kind not in WORK:
        return  # a worker that knows the kind does it
    try:
        with transaction.atomic():
            _on_failure(job)
    except Exception:
        # Whatever an app raises here, its job must not stay open.
        logger.exception("What job %s held could not be freed", job)
        Job.objects.filter(pk=job.pk).update(free_tries=F("free_tries") + 1)
        JobLine.objects.create(job=job, text="What the job held could not be freed yet.")
    else:
        Job.objects.filter(pk=job.pk).update(freed_at=Now())
        live.changed_all(job.topics)


def _on_failure(job: Job) -> None:
    on_failure = WORK[job.kind].on_failure
    if on_failure is not None:
        on_failure(**job.args)


def try_later(job: Job, *, reason: str) -> bool:
    """Another try after a pause that doubles, or the end after too many."""
    if job.tries >= MOST_TRIES:
        note = f"{reason} Gave up after {job.tries} tries."
        return end(job, Job.State.FAILED, note=note)
    delay = 2**job.tries * random.uniform(0.8, 1.2)  # noqa: S311  jitter, not a secret
    return requeue(job, note=f"{reason} Trying again in {delay:.0f} s.", delay=delay)


def take_up(job: Job) -> bool:
    """A job whose worker is gone goes back into the queue, a bounded number of times."""
    if job.tries >= MOST_TRIES:
        note = f"Its worker died {job.tries} times; not tried again."
        return end(job, Job.State.FAILED, note=note)
    return requeue(job, note=f"Worker {job.worker} stopped answering; taken up again.")


def put_off(job: Job, *, seconds: float) -> bool:
    """Back into the queue as the work itself asked: what it noted stays, and no try is counted."""
    return requeue(job, note="", delay=seconds)


def requeue(job: Job, *, note: str, delay: float = 0) -> bool:
    """Back into the queue, unless somebody else moved the job meanwhile or asked for its end."""
    with transaction.atomic():
        now = Job.objects.held(job).select_for_update(no_key=True).first()
        if now is None:
            return False
        if now.cancel_requested_at:
            return end(job, Job.State.CANCELLED, note=CANCELLED)
        _put_back(job, values.text(note, longest=500), delay)
    return True


def _put_back(job: Job, note: str, delay: float) -> None:
    told: dict[str, Any] = {"note": note} if note else {"tries": 0}
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.QUEUED,
        claim=None,
        lease_until=None,
        sent_at=None,
        not_before=Now() + timedelta(seconds=delay),
        **told,
    )
    if note:
        JobLine.objects.create(job=job, text=note)
    live.changed_all(job.topics)
    if job.kind in WORK:
        job.sent_at = None
        after_commit(send, job, delay)
