from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from apps.core.jobs import NotYet, Progress, job_task
from apps.demo import selectors, services

PAUSE = 1.0


@shared_task(name="demo.tick")
def tick() -> None:
    """Traffic, truth, and every story one stage on."""
    services.tick()


@job_task("demo.seed", time_limit=timedelta(hours=2))
def seed(progress: Progress) -> None:
    """Set the demo up: people, projects, models, releases, monitors."""
    if not services.seed(demo=selectors.standing(), tell=progress):
        raise NotYet(PAUSE)
    progress(100, "The demo is ready: see Demo")


@job_task("demo.put_back")
def put_back(progress: Progress) -> None:
    """Bring every deployment of the demo back to the version it began with."""
    progress(10, "Bringing version 2 back")
    if not services.put_back(demo=selectors.standing()):
        raise NotYet(PAUSE)


@job_task("demo.make_version", queue="long", time_limit=timedelta(minutes=30))
def make_version(progress: Progress, *, story_id: int, version: str) -> None:
    """Run the team's training script for one more version."""
    story = selectors.running(story_id)
    if story is None:
        progress(100, "The story is over")
        return
    progress(10, f"Training: {version}")
    services.make_version(story=story, kind=version)


@job_task("demo.tell_portal")
def tell_portal(progress: Progress, *, ticket_id: int) -> int:
    """Send the webhook of a stand-in, as the real system would."""
    progress(10, "Sending")
    ticket = selectors.desk_ticket(ticket_id)
    return services.tell_portal(ticket=ticket) if ticket else 0
