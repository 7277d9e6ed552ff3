from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from apps.core import live
from apps.core.jobs import values
from apps.core.models import Job, JobLine, JobQuerySet

MOST_LINES = 10_000


class Cancelled(Exception):
    """Somebody asked for the end of this job."""


class ClaimLost(Exception):
    """Another worker has the job now; this one stops without a word."""


def lease_from_now() -> Any:
    """The end of a lease taken now, by the clock of the database: the one that all workers share."""
    return Now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


class NotYet(Exception):
    """The work goes on in a while; no worker waits for it meanwhile, and it is no failed try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:g} s")
        self.seconds = seconds


class Progress:
    """Tells the database and everybody watching how far a job has come."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._lines = 0

    def __call__(self, percent: float, note: str) -> None:
        """Report; raises `Cancelled` or `ClaimLost` where the work should stop."""
        whole = int(max(0, min(100, percent)))
        shown = values.text(note, longest=500)
        if not self._mine().update(percent=whole, note=shown, lease_until=lease_from_now()):
            raise ClaimLost
        self.log(note)
        self.check()

    def log(self, text: str) -> None:
        """Add a line to the job's log, which keeps the first ten thousand."""
        self._lines += 1
        if self._lines > MOST_LINES:
            return
        last = self._lines == MOST_LINES
        kept = "Further lines are not kept." if last else values.text(text)
        JobLine.objects.create(job=self.job, text=kept)
        live.changed(self.job.topic)

    def check(self) -> None:
        """Raise `Cancelled` or `ClaimLost` where the work should stop."""
        asked = self._mine().values_list("cancel_requested_at", flat=True)
        if not (found := list(asked)):
            raise ClaimLost
        if found[0]:
            raise Cancelled

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A transaction that nobody can take the job out of: what it writes is written by one worker."""
        with transaction.atomic():
            if not list(self._mine().select_for_update(no_key=True).values_list("pk")):
                raise ClaimLost
            yield

    def _mine(self) -> JobQuerySet:
        return Job.objects.held(self.job)
