from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from apps.core import jobs
from apps.core.jobs import Progress, job_task
from apps.docs import access, selectors, services

LONG = timedelta(hours=6)


@shared_task(name="docs.look")
def look() -> None:
    """Enqueue what is due: the pulls of repositories, and a look at links."""
    for source in selectors.due_sources():
        services.request_pull(source=source)
    if selectors.links_are_due():
        jobs.enqueue("docs.check_links", owner=None, key="docs.check_links")


@job_task("docs.pull")
def pull(progress: Progress, *, source_id: int) -> dict[str, int]:
    """Take in what a repository holds now."""
    source = access.known_source(source_id)
    progress(10, f"Reading {source.name}")
    return services.pull(source=source).counts()


@job_task("docs.propose")
def propose(progress: Progress, *, document_id: int, number: int) -> dict[str, str]:
    """Send one revision of a document to its repository, as a branch."""
    revision = access.known_revision(document_id, number)
    progress(10, f"Sending {revision.title}")
    branch = services.propose(document=revision.document, body=revision.body, by=revision.by)
    return {"branch": branch}


@job_task("docs.check_links")
def check_links(progress: Progress) -> dict[str, int]:
    """Look at the links of documents that are due."""
    progress(10, "Looking at links")
    return services.check_links()


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
