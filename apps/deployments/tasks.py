from __future__ import annotations

import time
from datetime import timedelta

from apps.core.jobs import NotYet, Progress, job_task
from apps.deployments import services
from apps.deployments.errors import ReleaseEndedBadly

# Shorter pauses are waited out; for longer ones no worker is kept.
SHORT_PAUSE = 1.0


@job_task("deployments.release", on_failure=services.fail_release, time_limit=timedelta(minutes=10))
def release(progress: Progress, *, release_id: int) -> None:
    """Look at the release again and again, until it is over or the next look is a while away."""
    while not (seen := services.look(release_id)).over:
        if (seen.percent, seen.note) != (progress.job.percent, progress.job.note):
            progress(seen.percent, seen.note)
            progress.job.percent, progress.job.note = seen.percent, seen.note
        progress.check()
        if seen.pause > SHORT_PAUSE:
            raise NotYet(seen.pause)
        time.sleep(seen.pause)
    if seen.failed:
        raise ReleaseEndedBadly(note=seen.note)
