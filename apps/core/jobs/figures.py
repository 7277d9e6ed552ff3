"""What Prometheus learns about jobs."""

from __future__ import annotations

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Counter, Histogram

from apps.core import metrics
from apps.core.jobs.work import WORK
from apps.core.metrics import Samples
from apps.core.models import Job

MINUTE, HOUR = 60, 3600
BUCKETS = (0.1, 0.5, 1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR)

ENDED = Counter("signalbox_jobs_ended_total", "Jobs that ended.", ["kind", "state"])
SECONDS = Histogram(
    "signalbox_job_seconds", "From the first start of a job to its end.", ["kind"], buckets=BUCKETS
)


def ended(job: Job, state: Job.State) -> None:
    """Count one end. A kind that is not declared any more shares one label."""
    kind = job.kind if job.kind in WORK else "unknown"
    ENDED.labels(kind, state.value).inc()
    if job.started_at is not None:
        SECONDS.labels(kind).observe((timezone.now() - job.started_at).total_seconds())


def _active() -> Samples:
    rows = Job.objects.active().values_list("kind", "state").annotate(count=Count("pk"))
    return [({"kind": kind, "state": state}, count) for kind, state, count in rows.order_by()]


def _oldest() -> Samples:
    oldest = Job.objects.due().aggregate(at=Min("created_at"))["at"]
    return [({}, (timezone.now() - oldest).total_seconds() if oldest else 0.0)]


def _holding() -> Samples:
    return [({}, Job.objects.still_holding().count())]


metrics.gauge("signalbox_jobs_active", "Jobs that wait or run.", _active)
metrics.gauge("signalbox_jobs_oldest_queued_seconds", "Age of the oldest job that waits.", _oldest)
metrics.gauge("signalbox_jobs_unfreed", "Ended jobs whose clean-up has not come through.", _holding)
