"""The words of the demo, each once."""

from __future__ import annotations

from django.db import models

TOPIC = "demo:all"  # what a page subscribes to in order to hear about the demo


class DemoState(models.TextChoices):
    """Where the demo as a whole stands."""

    SEEDING = "seeding"
    RUNNING = "running"
    STOPPED = "stopped"
    REMOVED = "removed"


class Fault(models.TextChoices):
    """What goes wrong in a story."""

    SHIFT = "shift", "a sub-population grows"
    UNITS = "units", "a unit changes at the source"
    BROKEN = "broken", "a feature breaks"
    RELEASE = "release", "a bad version is released"
    LATENCY = "latency", "a slow version is released"
    LABELS = "labels", "ground truth stops coming"


class Mode(models.TextChoices):
    """Who acts in a story: the demo's people by themselves, or whoever takes part in the drill."""

    STORY = "story"
    DRILL = "drill"


class StoryState(models.TextChoices):
    """Whether a story still goes on."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Stage(models.TextChoices):
    """The stages of a story in their order."""

    CALM = "calm", "Calm traffic"
    FAULT = "fault", "The fault"
    ALERT = "alert", "The alert"
    INCIDENT = "incident", "The incident and its evidence"
    ACKNOWLEDGED = "acknowledged", "Somebody is on it"
    TICKET = "ticket", "Ticket and page"
    RUNBOOK = "runbook", "The runbook"
    ANSWER = "answer", "The answer"
    RECOVERY = "recovery", "The recovery"
    RESOLVED = "resolved", "Resolved"


# Faults that come with a release; the others come with the rows or with the truth.
RELEASED = {Fault.RELEASE: "careless", Fault.LATENCY: "slow"}
# Which kind of monitor is meant to see a fault.
SEEN_BY = {
    Fault.SHIFT: "input_drift",
    Fault.UNITS: "input_drift",
    Fault.BROKEN: "input_drift",
    Fault.RELEASE: "performance",
    Fault.LATENCY: "latency",
    Fault.LABELS: "labels",
}
# What a ticket of a stand-in can stand at, in the words of the system it stands for.
STATUSES = {
    "jira": ("To Do", "In Progress", "Done"),
    "pagerduty": ("triggered", "acknowledged", "resolved"),
}
