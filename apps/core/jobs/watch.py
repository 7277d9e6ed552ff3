from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from typing import Any

from celery.signals import worker_process_init
from django.conf import settings
from django.db import Error, connection, transaction

from apps.core.jobs.progress import lease_from_now
from apps.core.models import Job

logger = logging.getLogger(__name__)

DEAF_AFTER = 4  # interruptions without effect, before the process is killed
_pool_child = threading.Event()


class Reason(Enum):
    """Why work is stopped from outside."""

    CANCELLED = "cancelled"
    TOO_LONG = "too long"
    LOST = "lost"


class Interrupted(BaseException):
    """Raised inside work that must stop. No `except Exception` of a library swallows it."""


@worker_process_init.connect
def _remember_the_pool(**_: object) -> None:
    _pool_child.set()


class Watch(threading.Thread):
    """Extends the lease of one job, and stops work that outlived its limit, its claim or a cancel."""

    def __init__(self, job: Job, limit: timedelta, *, end: Callable[[Reason], object]) -> None:
        super().__init__(daemon=True, name=f"watch of job {job.pk}")
        self.job = job
        self.end = end
        self.reason: Reason | None = None
        self._deadline = time.monotonic() + limit.total_seconds()
        self._cancel_at: float | None = None
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._working = False
        self._target: int | None = None
        self._before: Any = None
        self._interruptions = 0

    def run(self) -> None:
        try:
            while not self._done.wait(settings.JOB_HEARTBEAT_SECONDS):
                self._beat()
        finally:
            connection.close()

    def stop(self) -> None:
        self._done.set()
        self.join()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within, the work may be interrupted: in the main thread of a process, by a signal."""
        self._working = True
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGUSR1, _raise_interrupted)
            self._target = threading.get_ident()
        try:
            yield
        finally:
            self.disarm()

    def disarm(self) -> None:
        """No interruption from here on. Called again where one came in the middle of this."""
        with self._lock:
            self._working = False
            self._target = None
        if self._before is not None:
            signal.signal(signal.SIGUSR1, self._before)

    def _beat(self) -> None:
        try:
            self._renew()
        except Error as error:  # a database that restarts must not end the watch
            logger.warning("No heartbeat for job %s: %s", self.job.pk, error)
            connection.close()
        self.reason = self.reason or self._why_now()
        if self.reason is not None and self._working:
            self._interrupt(self.reason)

    def _why_now(self) -> Reason | None:
        now = time.monotonic()
        if self._cancel_at is not None and now > self._cancel_at:
            return Reason.CANCELLED
        return Reason.TOO_LONG if now > self._deadline else None

    def _renew(self) -> None:
        held = Job.objects.held(self.job)
        asked = list(held.values_list("cancel_requested_at", flat=True))
        if not asked:
            self.reason = self.reason or Reason.LOST
            return
        # A row that the work itself has locked is left alone; the sweep leaves it alone as well.
        with transaction.atomic():
            free = held.select_for_update(skip_locked=True, no_key=True).values("pk")
            Job.objects.filter(pk__in=free).update(lease_until=lease_from_now())
        if asked[0] and self._cancel_at is None:
            self._cancel_at = time.monotonic() + settings.JOB_CANCEL_GRACE_SECONDS

    def _interrupt(self, reason: Reason) -> None:
        self._interruptions += 1
        with self._lock:
            if self._target is not None:
                signal.pthread_kill(self._target, signal.SIGUSR1)
        if self._interruptions == DEAF_AFTER:
            self._give_up_on_it(reason)

    def _give_up_on_it(self, reason: Reason) -> None:
        """The work does not listen: end its job from here, and its process where a pool replaces it."""
        logger.error("Job %s does not stop; its process is ended", self.job)
        try:
            self.end(reason)
        finally:
            if _pool_child.is_set():
                os.kill(os.getpid(), signal.SIGKILL)


def _raise_interrupted(*_: object) -> None:
    raise Interrupted
