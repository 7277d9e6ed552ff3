from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import connection

from apps.core.jobs import Progress, job_task
from apps.models import facts, selectors, services
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
            services.ask_for_missing_facts()
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


@job_task(services.READ_FACTS, on_failure=services.fail_facts)
def read_facts(progress: Progress, *, version_id: int) -> dict[str, Any]:
    """Read a version's files: signature, digest, size, licence, known risks. Safe to run twice."""
    version = selectors.version(version_id)
    progress(10, f"Reading the files of {version}")
    found = facts.keep(version)
    progress.log(found.trouble or f"{len(found.files)} files, digest {found.digest}")
    return {"version": version.pk, "files": len(found.files), "bytes": found.size}


@job_task(services.CLEAN_UP)
def clean_up(progress: Progress, *, version_ids: list[int]) -> dict[str, Any]:
    """Remove retired versions in MLflow with their files, and say what that freed."""
    total = {"versions": 0, "files": 0, "bytes": 0}
    for place, version in enumerate(selectors.versions_to_remove(version_ids)):
        progress(100 * place // len(version_ids), f"Removing {version}")
        freed = services.clean_up(version=version, by=progress.job.owner)
        total["versions"] += freed.versions
        total["files"] += freed.files
        total["bytes"] += freed.size
        progress.log(f"Freed {freed.size} bytes of {version}")
        for kept in freed.kept:
            progress.log(f"Kept: {kept}")
    return total
