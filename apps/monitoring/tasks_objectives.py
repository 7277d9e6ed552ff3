"""What is done in time for objectives: count every minute, forget what no window reaches."""

from __future__ import annotations

from celery import shared_task

from apps.monitoring import selectors_objectives, services


@shared_task(name="monitoring.count_objectives")
def count_objectives() -> None:
    """Each objective by itself, so that one that fails holds up no other."""
    for pk in selectors_objectives.to_count():
        count_objective.apply_async((pk,), expires=55)


@shared_task(name="monitoring.count_objective")
def count_objective(slo_id: int) -> None:
    """Count the last minutes of one objective."""
    services.measure(slo_id=slo_id)


@shared_task(name="monitoring.forget_buckets")
def forget_buckets() -> None:
    """Once a day: minutes older than every window go."""
    services.forget_buckets()
