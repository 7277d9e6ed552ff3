from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from celery import shared_task
from django.db import connection

from apps.core.jobs import Progress, job_task
from apps.models import history, selectors, services
from apps.models.choices import PromotionState
from apps.models.errors import MlflowAway
from apps.models.mirror import heal

# PostgreSQL's advisory lock: one healer at a time.
HEALING = 7_352_001
R = TypeVar("R")


@shared_task(name="models.heal_mirror")
def heal_mirror() -> None:
    """Bring every project's mirror level with MLflow, unless somebody is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (HEALING,))
        if not cursor.fetchone()[0]:
            return
        try:
            for project in heal.heal_all():
                services.take_up(project=project)
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
        promotion = _unless_away(progress, lambda: services.finish(promotion=promotion), promotion)
    progress(95, f"The promotion is {promotion.state}")
    return {"promotion": promotion.pk, "state": promotion.state}


@job_task(services.REVERT, on_failure=services.fail_revert)
def revert_move(progress: Progress, *, case_id: int) -> dict[str, Any]:
    """Take an alias or a stage back where it belongs. Safe to run twice."""
    case = history.case(case_id)
    progress(30, f"Moving {case} back in MLflow")
    case = _unless_away(progress, lambda: services.finish_revert(case=case), case)
    progress(95, f"The move is {case.state}")
    return {"out_of_band": case.pk, "state": case.state}


def _unless_away(progress: Progress, work: Callable[[], R], waiting: R) -> R:
    """Do it, or leave it waiting: the healing that first hears MLflow again takes it up."""
    try:
        return work()
    except MlflowAway as error:
        progress.log(f"{error} This goes on by itself once it does.")
        return waiting
