from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from apps.core import jobs
from apps.core.jobs import Progress, job_task
from apps.monitoring import access, selectors, services


@shared_task(name="monitoring.look")
def look() -> None:
    """Enqueue a job for every monitor whose time has come; one at a time per monitor."""
    for monitor in selectors.due():
        services.postpone(monitor)
        jobs.enqueue(
            "monitoring.evaluate",
            owner=None,
            project_id=monitor.project_id,
            key=f"monitor:{monitor.pk}",
            monitor_id=monitor.pk,
        )


@shared_task(name="monitoring.settle_alerts")
def settle_alerts() -> None:
    """Settle what was told from outside, and resolve what is over."""
    services.settle_waiting()
    services.end_passed()


@shared_task(name="monitoring.tell_alerts")
def tell_alerts() -> None:
    """Follow the silences, repeat what nobody took up, and send what is due."""
    services.follow_silences()
    services.repeat_notifications()
    services.wake_notifications()


@job_task("monitoring.notify", time_limit=timedelta(minutes=15))
def notify(progress: Progress, *, connection_id: int) -> int:
    """Send the notifications that are due over one connection."""
    progress(10, "Sending what is due")
    return services.send_due(connection_id=connection_id)


@job_task("monitoring.evaluate")
def evaluate(progress: Progress, *, monitor_id: int) -> dict[str, object]:
    """Judge the newest window of one monitor."""
    monitor = access.known(monitor_id)
    progress(10, "Reading the newest predictions")
    rows = selectors.window(monitor)
    progress(50, f"Comparing {len(rows)} rows with the baseline")
    verdict = services.judge(monitor=monitor, rows=rows)
    return {"verdict": verdict.pk if verdict else None, "rows": len(rows)}
