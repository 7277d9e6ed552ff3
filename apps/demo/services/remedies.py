"""What the demo's people do about a fault, by the portal's own verbs."""

from __future__ import annotations

from dataclasses import dataclass

from apps.demo.choices import Fault
from apps.demo.models import Demo, Feed, Story
from apps.demo.services import cast, placing
from apps.demo.services.plots import request_version
from apps.deployments.configs import Strategy
from apps.deployments.models import Deployment, Release
from apps.deployments.services import roll_back
from apps.models.models import ModelVersion
from apps.monitoring.models import Monitor
from apps.monitoring.services import baseline_from_run, change_monitor

INPUTS = "training/inputs.csv"
# What a retrained version is trained on: the rows with the larger sub-population, or those before it grew.
MOVED, USUAL = "retrained", "usual"
PLANS = {
    Fault.SHIFT: "retrain on the rows that arrive now, through the gate and a canary.",
    Fault.UNITS: "the owner of the source takes the change of the unit back.",
    Fault.BROKEN: "the owner of the source mends the feature.",
    Fault.RELEASE: "roll back to the last good version.",
    Fault.LATENCY: "roll back to the last good version.",
    Fault.LABELS: "the owner of the labels lets them flow again.",
}
# Few requests settle it here: the demo is faster than life, and its rows are few.
CANARY = Strategy(
    kind="canary", steps=(50,), step_seconds=5, least_requests=10, judge_scores=False,
    most_seconds=600,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, where it is seen, and whether the rows stay as they are."""

    text: str
    url: str
    still_faulty: bool = False


def apply(demo: Demo, story: Story) -> Done | None:
    """Do what the plan says; `None` while it is under way. Safe to run twice."""
    if story.fault == Fault.SHIFT:
        return _retrain(demo, story)
    if story.fault in {Fault.RELEASE, Fault.LATENCY}:
        return _roll_back(demo, story)
    deployment = _deployment(story.feed)
    return Done(f"Done at the source: {PLANS[Fault(story.fault)]}", deployment.get_absolute_url())


def release_marked(demo: Demo, story: Story, *, kind: str) -> Release | None:
    """The version that was made for the story, live all at once; `None` while it is on its way."""
    return _bring(demo, story, kind=kind, strategy=Strategy())


def _bring(demo: Demo, story: Story, *, kind: str, strategy: Strategy) -> Release | None:
    """Script, gate, second person, release: the next of these that is missing."""
    version = _marked(story, kind)
    if version is None:
        return None
    deployment = _deployment(story.feed)
    by = cast.actor(demo, "maintainer")
    asked = placing.ask(
        version=version, environment=deployment.environment, by=by, note=f"Demo: {kind}."
    )
    if not placing.is_promoted(promotion=asked, by=cast.actor(demo, "owner2"), note="Demo."):
        return None
    release = placing.release(
        deployment=deployment, version=version, by=by, strategy=strategy, reason=f"Demo: {kind}."
    )
    return release if release.state == Release.State.LIVE else None


def _marked(story: Story, kind: str) -> ModelVersion | None:
    rows = ModelVersion.objects.filter(
        project=story.project, tags__contains={"demo.mark": story.mark}
    )
    found = rows.select_related("model", "project", "run").first()
    if found is None:
        request_version(story, kind=kind)
    return found


def _retrain(demo: Demo, story: Story) -> Done | None:
    kind = USUAL if story.feed.moved else MOVED
    release = _bring(demo, story, kind=kind, strategy=CANARY)
    if release is None:
        return None
    deployment = _deployment(story.feed)
    by = cast.actor(demo, "maintainer")
    baseline = baseline_from_run(deployment=deployment, path=INPUTS, by=by)
    for monitor in deployment.monitors.filter(kind=Monitor.Kind.INPUT_DRIFT):
        change_monitor(monitor=monitor, changes={"baseline": baseline}, by=by)
    # The world stays as it has become, and the model fits it now.
    is_moved = release.version.tags.get("demo.kind") == MOVED
    Feed.objects.filter(pk=story.feed_id).update(moved=is_moved)
    number = release.version.number
    text = f"Version {number}, retrained on what arrives now, passed its gate and its canary."
    return Done(text, release.version.get_absolute_url())


def _roll_back(demo: Demo, story: Story) -> Done | None:
    deployment = _deployment(story.feed)
    live = deployment.releases.live().select_related("version").first()
    if live is not None and live.version.tags.get("demo.mark") != story.mark:
        text = f"Rolled back: version {live.version.number} answers again."
        return Done(text, deployment.get_absolute_url())
    if not deployment.releases.in_flight().exists():
        reason = f"Incident of {story.get_fault_display()}"
        roll_back(deployment=deployment, by=cast.actor(demo, "maintainer"), reason=reason)
    return None


def _deployment(feed: Feed) -> Deployment:
    assert feed.deployment is not None
    return feed.deployment
