from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import connection

from apps.core.jobs import Progress, job_task
from apps.models import selectors, services
from apps.models.choices import PromotionState
from apps.models.mirror import heal

# PostgreSQL's advisory lock: one healer at a time.
HEALING = 7_352_001


@shared_task(name="models.heal_mirror")
def heal_mirror() -> None:
    """Bring every project's mirror level with MLflow, unless somebody is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (HEALING,))
        if not cursor.fetchone()[0]:
            return
        try:
            heal.heal_all()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (HEALING,))


@job_task(services.PROMOTE, on_failure=services.fail_promotion)
def promote(progress: Progress, *, promotion_id: int) -> dict[str, Any]:
    """Take a promotion as far as it goes without a person. Every step is safe to run twice."""
    promotion = selectors.promotion(promotion_id)
    progress(10, f"Checking the gates of {promotion}")
    for result in services.check_gates(promotion=promotion):
        progress.log(result.sentence)
    promotion = services.settle_gates(promotion=promotion)
    if promotion.state == PromotionState.APPROVED:
        progress(60, f"Moving the alias {promotion.environment.name} in MLflow")
        promotion = services.finish(promotion=promotion)
    progress(95, f"The promotion is {promotion.state}")
    return {"promotion": promotion.pk, "state": promotion.state}
