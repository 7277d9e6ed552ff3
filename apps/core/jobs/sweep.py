"""Every state has its exit: what lost its worker, its message or its kind is found here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.core.jobs import ends
from apps.core.jobs.sending import messages_waiting, send
from apps.core.jobs.work import WORK
from apps.core.machine import NODE, alive
from apps.core.models import Job

logger = logging.getLogger(__name__)

AT_ONCE = 1000
RESEND_BEHIND_OTHERS_AFTER = timedelta(minutes=5)
UNKNOWN_AFTER = timedelta(hours=1)
MOST_FREE_TRIES = 10
FREE_PAUSE = timedelta(seconds=10)


def sweep() -> None:
    """Take up what lost its worker, free what is still held, send what the broker lost.

    Safe to run twice, and at the same time.
    """
    _each(Job.objects.orphaned()[:AT_ONCE], _take_up)
    _each(_still_holding(), _free)
    _each(_of_no_kind(), _give_up)
    _send_lost()


def release_node() -> None:
    """Take up what ran on this machine in processes that are gone."""
    here = Job.objects.filter(state=Job.State.RUNNING, worker__startswith=f"{NODE}:")
    _each((job for job in here if not alive(int(job.worker.rpartition(":")[2]))), ends.take_up)


def forget_ended() -> None:
    """Drop jobs that ended long ago, with their logs."""
    old = Now() - timedelta(days=settings.JOB_KEEP_DAYS)
    ended = Job.objects.exclude(state__in=Job.ACTIVE).filter(ended_at__lt=old)
    while batch := list(ended.values_list("pk", flat=True)[:AT_ONCE]):
        Job.objects.filter(pk__in=batch).delete()


def _each(jobs: Iterable[Job], act: Callable[[Job], object]) -> None:
    for job in jobs:
        try:
            act(job)
        except Exception:  # one job that cannot be helped must not keep the others waiting
            logger.exception("The sweep could not help job %s", job)


@transaction.atomic
def _take_up(job: Job) -> None:
    # Looked at again under a lock: its worker may have come back, and another sweep may be here.
    orphans = Job.objects.orphaned().select_for_update(skip_locked=True, no_key=True)
    if (mine := orphans.filter(pk=job.pk, claim=job.claim).first()) is not None:
        ends.take_up(mine)


def _still_holding() -> Iterable[Job]:
    """Ended without success, but `on_failure` has not come through; each try waits twice as long."""
    now = timezone.now()
    held = Job.objects.still_holding().filter(kind__in=list(WORK), free_tries__lt=MOST_FREE_TRIES)
    for job in held[:AT_ONCE]:
        if job.ended_at is None or job.ended_at + FREE_PAUSE * 2**job.free_tries <= now:
            yield job


@transaction.atomic
def _free(job: Job) -> None:
    # Locked, so that two sweeps do not free twice.
    held = Job.objects.still_holding().select_for_update(skip_locked=True, no_key=True)
    if (mine := held.filter(pk=job.pk).first()) is not None:
        ends.free(mine)


def _of_no_kind() -> Iterable[Job]:
    waiting = Job.objects.filter(state=Job.State.QUEUED, created_at__lt=Now() - UNKNOWN_AFTER)
    return waiting.exclude(kind__in=list(WORK))[:AT_ONCE]


@transaction.atomic
def _give_up(job: Job) -> None:
    """No worker learned this kind within the hour: it was taken out of the portal."""
    note = f"This portal no longer knows the work {job.kind}."
    queued = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    if queued.update(state=Job.State.FAILED, ended_at=Now(), note=note):
        ends.settle(job, Job.State.FAILED, note=note)


def _send_lost() -> None:
    """A hint that is older than its queue is long was lost. Stops where the broker is away."""
    for queue in settings.WORKER_QUEUES:
        kinds = [kind for kind, work in WORK.items() if work.queue == queue]
        busy = messages_waiting(queue) > 0
        waits = RESEND_BEHIND_OTHERS_AFTER if busy else _resend_after()
        silent = Q(sent_at=None) | Q(sent_at__lt=Now() - waits)
        lost = Job.objects.due().filter(silent, kind__in=kinds).order_by("pk")
        for job in lost[:AT_ONCE]:
            if not send(job):
                return


def _resend_after() -> timedelta:
    return timedelta(seconds=settings.JOB_RESEND_SECONDS)
