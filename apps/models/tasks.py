from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from celery import shared_task
from django.db import connection
from django.utils import timezone

from apps.core.jobs import Progress, job_task
from apps.models import facts, history, selectors, services
from apps.models.choices import PromotionState
from apps.models.errors import MlflowAway
from apps.models.hub import place, work
from apps.models.mirror import heal
from apps.models.packs import contents as packs

R = TypeVar("R")


@shared_task(name="models.heal_mirror")
def heal_mirror() -> None:
    """Bring every project's mirror level with MLflow, unless somebody is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (heal.HEALING,))
        if not cursor.fetchone()[0]:
            return
        try:
            for project in heal.heal_all():
                services.take_up(project=project)
            services.ask_for_missing_facts()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (heal.HEALING,))


@shared_task(name="models.read_slices")
def read_slices() -> None:
    """Read the metrics by slice that runs left as a file."""
    services.read_slices()


@job_task(services.PROMOTE, on_failure=services.fail_promotion)
def promote(progress: Progress, *, promotion_id: int) -> dict[str, Any]:
    """Take a promotion as far as it goes without a person. Every step is safe to run twice."""
    promotion = selectors.promotion(promotion_id)
    progress(10, f"Checking the gates of {promotion}")
    for result in services.check_gates(promotion=promotion):
        progress.log(result.sentence)
    promotion = services.settle_gates(promotion=promotion)
    promotion = services.ask_again(promotion=promotion)
    if promotion.state == PromotionState.APPROVED:
        progress(60, f"Moving the alias {promotion.environment.name} in MLflow")
        promotion = _unless_away(progress, lambda: services.finish(promotion=promotion), promotion)
    progress(95, f"The promotion is {promotion.state}")
    return {"promotion": promotion.pk, "state": promotion.state}


@job_task(services.PACK)
def pack_evidence(progress: Progress, *, version_id: int, by_id: int | None) -> dict[str, Any]:
    """Pack the evidence about a version. Run twice, it makes two packs that say the same."""
    version = selectors.version(version_id)
    progress(5, f"Reading the files of {version}")
    content = packs.build(version, at=timezone.now(), say=progress.log)
    progress(90, "Keeping the pack")
    pack = services.keep_pack(version=version, content=content, by_id=by_id)
    return {"pack": pack.pk, "sha256": pack.sha256, "url": pack.get_absolute_url()}


@shared_task(name="models.forget_evidence")
def forget_evidence() -> None:
    """Let the bytes of old evidence packs go."""
    services.forget_packs()


@job_task(services.IMPORT, on_failure=services.fail_import, time_limit=timedelta(hours=12))
def import_hub(progress: Progress, *, import_id: int) -> dict[str, Any]:
    """Bring a model in from a hub or a folder. Taken up again, it goes on where it stopped."""
    row = work.bring_in(selectors.model_import(import_id), progress)
    version = row.version
    assert version is not None
    return {
        "version": version.pk,
        "name": str(version),
        "commit": row.commit,
        "licence": row.licence,
        "was_here": row.same_as_id is not None,
        "url": version.get_absolute_url(),
    }


@shared_task(name="models.forget_imports")
def forget_imports() -> None:
    """Remove what imports that nobody finished left on the disk."""
    place.forget()


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
    for number, version in enumerate(selectors.versions_to_remove(version_ids)):
        progress(100 * number // len(version_ids), f"Removing {version}")
        freed = services.clean_up(version=version, by=progress.job.owner)
        total["versions"] += freed.versions
        total["files"] += freed.files
        total["bytes"] += freed.size
        progress.log(f"Freed {freed.size} bytes of {version}")
        for kept in freed.kept:
            progress.log(f"Kept: {kept}")
    return total
