"""What is done in time for metrics: tell those who want them."""

from __future__ import annotations

from celery import shared_task

from apps.core import jobs
from apps.core.jobs import Progress, job_task
from apps.monitoring import remote_write


@shared_task(name="monitoring.push_all_metrics")
def push_all_metrics() -> None:
    """A job for each connection that wants metrics; one at a time for each."""
    for pk in remote_write.takers():
        jobs.enqueue("monitoring.push_metrics", owner=None, key=f"metrics:{pk}", connection_id=pk)


@job_task("monitoring.push_metrics")
def push_metrics(progress: Progress, *, connection_id: int) -> dict[str, object]:
    """Write the newest figures to one connection."""
    progress(10, "Gathering figures")
    return {"figures": remote_write.push(connection_id)}
