from __future__ import annotations

from datetime import timedelta
from typing import Any

from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import shared_task
from celery.signals import heartbeat_sent, task_failure, worker_ready
from django.db import connection
from django.utils import timezone

from apps.core import jobs, pulse
from apps.core.api import idempotency


@shared_task(name="core.sweep_jobs")
def sweep_jobs() -> None:
    pulse.beat("sweep")
    jobs.sweep()


@shared_task(name="core.forget_jobs")
def forget_jobs() -> None:
    jobs.forget_ended()


@shared_task(name="core.forget_idempotency_keys")
def forget_idempotency_keys() -> None:
    idempotency.forget(before=timezone.now() - timedelta(days=1))


@worker_ready.connect
def take_up_orphans(**_: Any) -> None:
    """A fresh worker asks at once for what an earlier one on this machine left running."""
    _release()


@task_failure.connect
def take_up_the_lost(exception: BaseException | None = None, **_: Any) -> None:
    """A process of the pool was killed: its job need not wait for its lease to end."""
    if isinstance(exception, WorkerLostError | TimeLimitExceeded):
        _release()


@heartbeat_sent.connect
def tell_that_it_lives(sender: Any, **_: Any) -> None:
    pulse.beat(f"worker {sender.eventer.hostname}")


def _release() -> None:
    try:
        jobs.release_node()
    finally:
        connection.close()  # this is the parent of a pool, which would pass it on to its children
