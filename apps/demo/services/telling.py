"""The beat of the demo: traffic, truth, and every story one stage on."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.core import live
from apps.core.errors import PortalError
from apps.demo.choices import TOPIC, DemoState, Stage, StoryState
from apps.demo.models import Demo, Scene, Story
from apps.demo.services import stages, traffic
from apps.demo.services.lifecycle import begin_if_new
from apps.demo.services.plots import end_story
from apps.demo.services.stages import Seen

HOLD = timedelta(seconds=60)
LONGEST_STAGE = timedelta(minutes=15)
ORDER = list(Stage)


def tick() -> None:
    """Do what is due. Two beats at once are one: whoever moves the lease works."""
    if not settings.DEMO:
        return
    begin_if_new()
    now = timezone.now()
    free = Demo.objects.filter(state=DemoState.RUNNING, held_until__lte=now)
    if not free.update(held_until=now + HOLD):
        return
    try:
        demo = Demo.objects.get()
        traffic.send_due(demo)
        for story in Story.objects.running().select_related("feed__deployment", "project"):
            go_on(demo, story)
    finally:
        Demo.objects.filter(held_until=now + HOLD).update(held_until=F("started_at"))


def go_on(demo: Demo, story: Story) -> None:
    """Take a story one stage on where what the stage waits for is there. Safe to run twice."""
    try:
        seen = stages.STAGES[Stage(story.stage)](demo, story)
    except PortalError as error:
        # A refusal may pass, such as a release that somebody else has under way: the stage has its time.
        _note(story, str(error))
        seen = None
    if seen is not None:
        _keep(story, seen)
    elif timezone.now() - story.stage_at > LONGEST_STAGE:
        note = f"{story.get_stage_display()}: nothing came of it in fifteen minutes. {story.note}"
        end_story(story=story, state=StoryState.FAILED, by=None, note=note)


@transaction.atomic
def _keep(story: Story, seen: Seen) -> None:
    row = Story.objects.select_for_update().get(pk=story.pk)
    if row.state != StoryState.RUNNING or row.stage != story.stage:
        return  # somebody ended it meanwhile
    now = timezone.now()
    Scene.objects.get_or_create(
        story=row, stage=row.stage, defaults={"text": seen.text[:500], "url": seen.url, "at": now}
    )
    for name, value in seen.notes.items():
        setattr(row, name, value)
    place = ORDER.index(Stage(row.stage))
    is_last = place == len(ORDER) - 1
    row.stage = row.stage if is_last else ORDER[place + 1]
    row.stage_at, row.note = now, ""
    row.save(update_fields=["stage", "stage_at", "note", *seen.notes])
    if is_last:
        end_story(story=row, state=StoryState.DONE, by=None)
    live.changed(TOPIC)


def _note(story: Story, note: str) -> None:
    if story.note != note[:300]:
        story.note = note[:300]
        story.save(update_fields=["note"])
        live.changed(TOPIC)
