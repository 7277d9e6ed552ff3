"""Beginning and ending a story."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core import jobs, live
from apps.demo.choices import RELEASED, TOPIC, DemoState, Fault, Mode, StoryState
from apps.demo.errors import DemoNotReady, NoSuchWorld, StoryGoesOn, StoryOver
from apps.demo.models import Demo, Feed, Story
from apps.demo.services import cast
from apps.ledger.services import record

KEPT = 200  # stories that are kept; older ones are forgotten


@transaction.atomic
def start_story(*, feed: Feed, fault: str, mode: str, by: AbstractUser) -> Story:
    """Begin a story, or a drill, for one deployment: one at a time."""
    demo = Demo.objects.first()
    if demo is None or demo.state != DemoState.RUNNING:
        raise DemoNotReady(state=demo.get_state_display() if demo else "not set up")
    story = Story(
        project_id=feed.project_id, feed=feed, fault=fault, mode=mode, started_by_id=by.pk
    )
    try:
        with transaction.atomic():
            story.save(force_insert=True)
    except IntegrityError as error:
        raise StoryGoesOn(deployment=feed.world) from error
    if kind := RELEASED.get(Fault(story.fault)):
        request_version(story, kind=kind)
    record(
        actor=by, verb="demo.story_started", subject=story, project_id=story.project_id,
        data={"fault": story.fault, "mode": Mode(mode).value},
    )  # fmt: skip
    live.changed(TOPIC)
    return story


def start_story_by_name(*, world: str, fault: str) -> Story:
    """Begin a story from the command line, in the name of whoever runs the portal."""
    feed = Feed.objects.filter(world=world).first()
    admin = cast.site_admin()
    if feed is None or admin is None:
        raise NoSuchWorld
    return start_story(feed=feed, fault=fault, mode=Mode.STORY, by=admin)


def request_version(story: Story, *, kind: str) -> None:
    """Have the team's script make one more version for the story."""
    jobs.enqueue(
        "demo.make_version", owner=None, project_id=story.project_id,
        key=f"{story.mark}:{kind}", story_id=story.pk, version=kind,
    )  # fmt: skip


def stop_story(*, story: Story, by: AbstractUser | None, note: str = "Stopped.") -> Story:
    """End a story before its end: the fault goes with it."""
    return end_story(story=story, state=StoryState.STOPPED, by=by, note=note)


@transaction.atomic
def end_story(*, story: Story, state: str, by: AbstractUser | None, note: str = "") -> Story:
    """Note how a story ended, and take its fault out of the traffic."""
    # Lock it: the demo and a person may end it at the same moment.
    row = Story.objects.select_for_update().get(pk=story.pk)
    if row.state != StoryState.RUNNING:
        raise StoryOver
    row.state, row.note, row.faulty, row.ended_at = state, note[:300], False, timezone.now()
    row.save(update_fields=["state", "note", "faulty", "ended_at"])
    record(
        actor=by, verb="demo.story_ended", subject=row, project_id=row.project_id,
        data={"state": str(state), "stage": row.stage},
    )  # fmt: skip
    _forget_old()
    live.changed(TOPIC)
    return row


def _forget_old() -> None:
    old = Story.objects.exclude(state=StoryState.RUNNING).values_list("pk", flat=True)[KEPT:]
    Story.objects.filter(pk__in=list(old)).delete()
