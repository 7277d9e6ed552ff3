"""Real rows through the gateway at a modest rate, and the truth about them a little later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.core.errors import PortalError
from apps.core.http import Http
from apps.demo import calls, faults
from apps.demo.choices import Fault
from apps.demo.faults import Rows
from apps.demo.models import Demo, Feed, Owed, Story
from apps.demo.services import cast
from apps.demo.worlds import World, world

BATCH = 5  # rows to a call
LATE = timedelta(seconds=15)  # the truth comes this much later
STORY_PAUSE = timedelta(seconds=1)  # between calls while a story runs
BURST = 4  # calls at once while a story runs: its windows fill in seconds
MOST_OWED = 500


def send_due(demo: Demo) -> None:
    """Send what is due for each deployment, then tell the truths that have come due."""
    with calls.portal(cast.kept(demo)["token"]) as http:
        for feed in Feed.objects.select_related("deployment").filter(due_at__lte=timezone.now()):
            story = feed.stories.running().first()
            _note(feed, _sent(http, feed, story), demo, story)
        tell_truths(http)


def _sent(http: Http, feed: Feed, story: Story | None) -> str:
    """What went wrong, in a sentence; empty where all was answered."""
    try:
        for _ in range(BURST if story else 1):
            _send(http, feed, story)
    except PortalError as error:  # a call that fails is traffic too: the monitors see it
        return str(error)[:300]
    return ""


def _note(feed: Feed, trouble: str, demo: Demo, story: Story | None) -> None:
    pause = STORY_PAUSE if story else timedelta(minutes=1) / demo.calls_per_minute
    feed.due_at, feed.trouble = timezone.now() + pause, trouble
    feed.save(update_fields=["due_at", "trouble", "sent"])


def _send(http: Http, feed: Feed, story: Story | None) -> None:
    if feed.deployment is None or not feed.rows:
        return
    rows = Rows(feed.columns, feed.rows, feed.truth, feed.shifted)
    fault = story.fault if story and story.faulty else ""
    is_shifted = feed.moved != (fault == Fault.SHIFT)
    chosen = faults.choose(rows, start=feed.sent, count=BATCH, is_shifted=is_shifted)
    feed.sent += BATCH
    told = _as_told(fault, [feed.rows[n] for n in chosen], feed, world(feed.world))
    body = {"dataframe_split": {"columns": feed.columns, "data": told}}
    path = f"serve/{feed.deployment.slug}/invocations"
    answer = http.request("POST", path, json=body)
    if fault != Fault.LABELS:
        _owe(feed, answer.headers["x-prediction-id"], [feed.truth[n] for n in chosen])


def _as_told(fault: str, values: list[list[float]], feed: Feed, place: World) -> list[list[float]]:
    if fault not in {Fault.UNITS, Fault.BROKEN}:
        return values
    column = place.unit_column if fault == Fault.UNITS else place.broken_column
    return faults.distort(fault, values, columns=feed.columns, column=column)


def _owe(feed: Feed, prediction: str, truths: list[Any]) -> None:
    if Owed.objects.filter(feed=feed).count() < MOST_OWED:
        due = timezone.now() + LATE
        Owed.objects.create(feed=feed, prediction=prediction, truths=truths, due_at=due)


def tell_truths(http: Http) -> None:
    """Tell by REST what really was, for the predictions whose time has come."""
    for feed in Feed.objects.select_related("deployment").exclude(deployment=None):
        owed = list(feed.owed.filter(due_at__lte=timezone.now())[:100])
        records = [
            {"id": f"{each.prediction}:{n}", "time": timezone.now().timestamp(), "truth": truth}
            for each in owed
            for n, truth in enumerate(each.truths)
        ]
        if not records or feed.deployment is None:
            continue
        body = {"deployment": feed.deployment.slug, "records": records}
        try:
            http.post("api/v1/ground-truth/", json=body)
        except PortalError as error:
            Feed.objects.filter(pk=feed.pk).update(trouble=str(error)[:300])
            continue
        Owed.objects.filter(pk__in=[each.pk for each in owed]).delete()
