from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.core.jobs import Progress, job_task
from apps.integrations import services
from apps.integrations.models import Connection

KEPT = timedelta(days=30)
REPORTED_EVERY = 50


@job_task("integrations.check_connection", time_limit=timedelta(minutes=2))
def check_connection(progress: Progress, *, connection_id: int) -> str | None:
    """Ask the other side whether it answers."""
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None:
        return None
    progress(10, f"Asking {connection.entry.label}")
    return services.check_connection(connection=connection)


@job_task("integrations.deliver", time_limit=timedelta(minutes=30))
def deliver(progress: Progress, *, connection_id: int) -> int:
    """Send the events that are due for one receiver."""

    def on_attempt(number: int) -> None:
        if number % REPORTED_EVERY == 0:
            progress(50, f"{number} attempts")

    return services.deliver_due(connection_id=connection_id, on_attempt=on_attempt)


@job_task("integrations.handle_delivery", on_failure=services.fail_inbound)
def handle_delivery(progress: Progress, *, delivery_id: int) -> None:
    """Tell the rooms that listen of something that arrived."""
    services.handle(delivery_id=delivery_id)


@shared_task(name="integrations.sweep")
def sweep() -> None:
    services.sweep()


@shared_task(name="integrations.check_due")
def check_due() -> None:
    services.check_due()


@shared_task(name="integrations.forget_deliveries")
def forget_deliveries() -> None:
    services.forget_deliveries(before=timezone.now() - KEPT)
