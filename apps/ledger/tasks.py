from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task

from apps.core import jobs
from apps.core.jobs import Progress, job_task
from apps.ledger import services, verification

VERIFY = "ledger.verify"


@shared_task(name="ledger.seal")
def seal() -> None:
    services.seal(wait=False)


@shared_task(name="ledger.verify_daily")
def verify_daily() -> None:
    jobs.enqueue(VERIFY, owner=None, key="whole")


@job_task(VERIFY, time_limit=timedelta(hours=6))
def verify(progress: Progress) -> dict[str, Any]:
    """Walk the whole chain and keep the result for the audit page."""
    progress(5, "Walking along the chain")
    found = verification.verify()
    progress(95, found.sentence or f"{found.rows} rows hold")
    return {"verification": found.pk, "ok": found.ok}
