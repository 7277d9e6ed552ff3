from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from apps.core.jobs import Progress, job_task
from apps.docs import services

LONG = timedelta(hours=6)


@shared_task(name="docs.embed_new")
def embed_new() -> None:
    """Have the meaning of new passages read, where some wait."""
    services.ask_embedding()


@job_task(services.REINDEX, time_limit=LONG)
def reindex(progress: Progress) -> dict[str, int]:
    """Cut every document into passages anew."""
    return {"documents": services.reindex(progress)}


@job_task(services.EMBED, time_limit=LONG)
def embed(progress: Progress) -> dict[str, int]:
    """Read the meaning of every passage that waits for it."""
    return {"passages": services.embed(progress)}
