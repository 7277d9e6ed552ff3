"""What the assistant may read of background work, as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import job_selectors as jobs
from apps.core.models import Job
from apps.core.tools import Found, told, tool

MOST = 10


@tool()
def jobs_failed(*, user: AbstractUser) -> list[Found]:
    """How many jobs failed, and what the newest of them said."""
    found = jobs.jobs(user).filter(state=Job.State.FAILED).order_by("-pk")
    text = f"{found.count()} jobs failed."
    head = told("count", "jobs:failed", "Failed jobs", "/jobs/?state=failed", {"count:jobs": text})
    return [head, *(_job(row) for row in found[:MOST])]


def _job(row: Job) -> Found:
    ended = f" at {row.ended_at:%F %H:%M} UTC" if row.ended_at else ""
    said = f": {row.note}" if row.note else "."
    text = f"Job {row.pk} ({row.kind}) failed{ended}{said}"
    return told("job", row.pk, f"Job {row.pk}", f"/jobs/{row.pk}/", {"job": text})
