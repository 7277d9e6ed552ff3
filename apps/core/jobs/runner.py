"""One try of one job, inside a worker."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from apps.core import live
from apps.core.errors import PortalError, Retryable
from apps.core.jobs import ends, values
from apps.core.jobs.progress import Cancelled, ClaimLost, NotYet, Progress, lease_from_now
from apps.core.jobs.watch import Interrupted, Reason, Watch
from apps.core.jobs.work import WORK
from apps.core.machine import NODE
from apps.core.models import Job

logger = logging.getLogger(__name__)

TRIES_TO_STORE = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: with the state the job ends in, or without one to try again later."""

    state: Job.State | None
    note: str = ""
    result: Any = None
    # The work put itself off for so long.
    later: float | None = None


LOST = Outcome(None)
DATABASE_AWAY = Outcome(None, "The database was not answering.")


@shared_task(name="core.run_job", ignore_result=True)
def run_job(job_id: int) -> None:
    """Claim one job and work on it until it ends, in whatever way."""
    if (job := claim(job_id)) is not None:
        work_on(job)


def claim(job_id: int) -> Job | None:
    """Take a queued job whose time has come; `None` where somebody else was first.

    A kind that this worker does not know is left for a newer one.
    """
    token = uuid.uuid4()
    taken = (
        Job.objects.due()
        .filter(pk=job_id, kind__in=list(WORK))
        .update(
            state=Job.State.RUNNING,
            claim=token,
            worker=f"{NODE}:{os.getpid()}",
            lease_until=lease_from_now(),
            started_at=Coalesce(F("started_at"), Now()),
            tries=F("tries") + 1,
        )
    )
    if not taken:
        return None
    job = Job.objects.filter(pk=job_id, claim=token).first()
    if job is not None:
        live.changed_all(job.topics)
    return job


def work_on(job: Job) -> None:
    """Do the work under watch and store how it went."""
    limit = WORK[job.kind].time_limit
    watch = Watch(job, limit, end=lambda reason: _store(job, _of_interruption(reason)))
    # A transaction around all of it is a test's, and stays.
    drop = _keep_connection if connection.in_atomic_block else _drop_connection
    watch.start()
    try:
        outcome = _try(job, watch, drop)
        _insist(partial(_store, job, outcome), drop)
    finally:
        watch.stop()


def _try(job: Job, watch: Watch, drop: Callable[[], None]) -> Outcome:
    try:
        with watch.interruptible():
            result = WORK[job.kind].run(Progress(job), **job.args)
    except ClaimLost:
        return LOST
    except Cancelled:
        return Outcome(Job.State.CANCELLED, ends.CANCELLED)
    except NotYet as wait:
        return Outcome(None, later=wait.seconds)
    except Interrupted:
        watch.disarm()
        drop()  # the signal may have come in the middle of a query
        return _of_interruption(watch.reason)
    except Retryable as error:
        return Outcome(None, str(error))
    except PortalError as error:
        return Outcome(Job.State.FAILED, str(error))
    except (OperationalError, InterfaceError):
        logger.warning("Job %s lost the database", job, exc_info=True)
        drop()
        return DATABASE_AWAY if watch.reason is None else _of_interruption(watch.reason)
    except Exception:  # whatever an app raises, its job ends in a named state
        if watch.reason is not None:
            logger.info("Job %s was stopped in the middle of a query", job, exc_info=True)
            drop()
            return _of_interruption(watch.reason)
        logger.exception("Job %s crashed", job)
        return Outcome(Job.State.FAILED, f"Something went wrong on our side (job {job.pk}).")
    return Outcome(Job.State.DONE, result=values.result(result))


def _of_interruption(reason: Reason | None) -> Outcome:
    if reason is Reason.CANCELLED:
        return Outcome(Job.State.CANCELLED, ends.CANCELLED)
    if reason is Reason.TOO_LONG:
        return Outcome(Job.State.FAILED, "It took longer than it may and was stopped.")
    return LOST


def _store(job: Job, outcome: Outcome) -> bool:
    if outcome is LOST:
        logger.warning("Job %s goes on elsewhere", job)
        return True
    if outcome.later is not None:
        return ends.put_off(job, seconds=outcome.later)
    if outcome.state is None:
        return ends.try_later(job, reason=outcome.note)
    if outcome.state == Job.State.DONE:
        return ends.end(job, Job.State.DONE, percent=100, result=outcome.result)
    return ends.end(job, outcome.state, note=outcome.note)


def _insist(store: Callable[[], object], drop: Callable[[], None]) -> None:
    """Store through a restart of the database: hours of work must not be lost to a moment."""
    for pause in range(TRIES_TO_STORE):
        try:
            store()
        except (OperationalError, InterfaceError) as error:
            logger.warning("The end of a job waits for the database: %s", error)
            drop()
            time.sleep(min(2**pause, settings.JOB_LEASE_SECONDS / 3))
        else:
            return
    logger.error("The end of a job could not be stored; the sweep takes it up")


def _drop_connection() -> None:
    """Have a fresh connection at the next query.

    After an interruption in the middle of a transaction Django's own takes itself to be in it for ever.
    """
    connection.in_atomic_block = connection.needs_rollback = False
    connection.closed_in_transaction = False
    connection.savepoint_ids.clear()
    connection.run_on_commit.clear()
    try:
        connection.close()
    except Error:
        logger.debug("The connection was gone already")


def _keep_connection() -> None:
    """It belongs to whoever began the transaction around the work."""
