"""Storing a job, and the hint on the broker that makes a worker look at it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from celery import current_app
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from apps.core import live
from apps.core.commit import after_commit
from apps.core.jobs import values
from apps.core.jobs.work import WORK
from apps.core.models import Job

logger = logging.getLogger(__name__)

# One more try at once; beyond that the sweep sends, and nobody waits in a page meanwhile.
PATIENCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
# When even an interruption does not end the work, Celery kills its process this much later.
KILL_AFTER = timedelta(minutes=2)
LOOKS = 5


def enqueue(
    kind: str,
    *,
    owner: AbstractUser | None,
    project_id: int | None = None,
    key: str | None = None,
    **args: Any,
) -> Job:
    """Store a job and send it once the transaction commits; a second one with an active `key` is the first.

    `args` are shown on the job's page: they never hold a secret.
    """
    WORK[kind]  # an unknown name fails here, not in the worker
    kept = values.args(args)
    draft = Job(
        kind=kind, owner_id=owner.pk if owner else None, project_id=project_id, key=key, args=kept
    )
    if (present := _store(draft)) is not None:
        return present
    live.changed_all(draft.topics)
    after_commit(send, draft)
    return draft


def _store(draft: Job) -> Job | None:
    """Insert the job, or answer the active one that has its key.

    It is looked for first: a refused insert stands in the database's log as an error.
    """
    for look in range(LOOKS):
        if (present := _active(draft)) is not None:
            return present
        try:
            with transaction.atomic():
                draft.save(force_insert=True)
        except IntegrityError:  # somebody was faster: their job is found at the next look
            if look == LOOKS - 1:
                raise
        else:
            return None
    return None


def _active(draft: Job) -> Job | None:
    if draft.key is None:
        return None
    return Job.objects.active().filter(kind=draft.kind, key=draft.key).first()


def send(job: Job, delay: float = 0) -> bool:
    """Put the hint on the broker; where it does not answer, the sweep sends again.

    Whoever moves `sent_at` sends, so two sweeps at once send one message.
    """
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    if not waiting.filter(sent_at=job.sent_at).update(sent_at=Now()):
        return True
    try:
        _publish(job, delay)
    except (OperationalError, OSError) as error:
        logger.warning("Job %s waits for the broker: %s", job.pk, error)
        waiting.update(sent_at=None)
        return False
    return True


def _publish(job: Job, delay: float) -> None:
    work = WORK[job.kind]
    current_app.send_task(
        "core.run_job",
        (job.pk,),
        queue=work.queue,
        countdown=delay or None,
        ignore_result=True,
        time_limit=int((work.time_limit + KILL_AFTER).total_seconds()),
        retry=True,
        retry_policy=PATIENCE,
    )


def messages_waiting(queue: str) -> int:
    """How many hints wait in a queue; 0 where the broker does not say."""
    try:
        with current_app.connection_for_read() as broker, broker.channel() as opened:
            channel: Any = opened
            return int(channel.queue_declare(queue, passive=True).message_count)
    except Exception:  # noqa: BLE001  each transport has its own error for a missing queue
        return 0
