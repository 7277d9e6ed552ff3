from __future__ import annotations

from celery import shared_task

from apps.core import jobs
from apps.core.jobs import Progress, job_task
from apps.docs import access, selectors, services


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
