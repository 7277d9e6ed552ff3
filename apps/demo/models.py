"""What the demo keeps of itself. All it shows of models, alerts and incidents are the portal's own rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.fields import EncryptedField
from apps.demo.choices import DemoState, Fault, Mode, Stage, StoryState
from apps.deployments.models import Deployment
from apps.incidents.models import Incident
from apps.monitoring.models import Alert
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

if TYPE_CHECKING:
    from apps.core.access import Person


class Demo(models.Model):
    """The one demo of this portal: how far it has been set up, and what its people sign in with."""

    ONLY = "demo"

    key = models.CharField(max_length=10, default=ONLY, unique=True)
    state = models.CharField(max_length=10, choices=DemoState, default=DemoState.SEEDING)
    done = models.JSONField(default=list)  # the steps behind it, by name
    note = models.CharField(max_length=300, blank=True)
    people = models.JSONField(default=dict)  # user ids by the part somebody plays
    secrets = EncryptedField(null=True)
    calls_per_minute = models.PositiveSmallIntegerField(default=6)
    # Whoever works on the demo right now holds it until then.
    held_until = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(key="demo"), name="demo_only_one"),
            models.CheckConstraint(
                condition=Q(calls_per_minute__gte=1, calls_per_minute__lte=120),
                name="demo_rate_is_modest",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class FeedQuerySet(InProjectQuerySet["Feed"]):
    pass


class Feed(models.Model):
    """The held-out rows that are replayed against one deployment, and how far."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="demo_feed")
    deployment = models.OneToOneField(
        Deployment, models.CASCADE, null=True, related_name="demo_feed"
    )
    world = models.CharField(max_length=40, unique=True)
    columns = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    truth = models.JSONField(default=list)
    shifted = models.JSONField(default=list)  # which rows belong to the sub-population
    sent = models.PositiveBigIntegerField(default=0)
    # While the portal's own predictions and releases last, the traffic that a remedy was made for goes on.
    moved = models.BooleanField(default=False)
    due_at = models.DateTimeField(default=timezone.now)
    trouble = models.CharField(max_length=300, blank=True)

    objects = FeedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.world


class Owed(models.Model):
    """Ground truth that is known and not told yet: in life it comes late."""

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="owed")
    prediction = models.CharField(max_length=100)
    truths = models.JSONField(default=list)
    due_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["due_at"], name="demo_owed_due")]

    def __str__(self) -> str:
        return self.prediction


class StoryQuerySet(InProjectQuerySet["Story"]):
    def running(self) -> StoryQuerySet:
        return self.filter(state=StoryState.RUNNING)


class Story(models.Model):
    """One fault from its beginning to its end, told by the demo's people or met by a person in a drill."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="stories")
    feed = models.ForeignKey(Feed, models.CASCADE, related_name="stories")
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.STORY)
    fault = models.CharField(max_length=10, choices=Fault, default=Fault.SHIFT)
    state = models.CharField(max_length=10, choices=StoryState, default=StoryState.RUNNING)
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.CALM)
    # Whether the rows, or the truth, are wrong right now.
    faulty = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    alert = models.ForeignKey(Alert, models.SET_NULL, null=True, related_name="+")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    stage_at = models.DateTimeField(default=timezone.now)
    fault_at = models.DateTimeField(null=True)
    detected_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    mitigated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = StoryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed"], condition=Q(state="running"), name="demo_one_story_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_mode_display().capitalize()}: {self.get_fault_display()}"

    def get_absolute_url(self) -> str:
        return reverse("demo:story", args=[self.pk])

    @property
    def mark(self) -> str:
        """What the versions that were made for this story carry."""
        return f"story-{self.pk}"


class Scene(models.Model):
    """What was seen when a stage was over, and where it can be seen."""

    story = models.ForeignKey(Story, models.CASCADE, related_name="scenes")
    stage = models.CharField(max_length=12, choices=Stage)
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["story", "stage"], name="demo_scene_once")]

    def __str__(self) -> str:
        return self.text


class FirstHour(models.Model):
    """That somebody wants no first steps on their home page any more."""

    user = models.OneToOneField(User, models.CASCADE, related_name="first_hour")
    hidden_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"first hour of {self.user_id}"


class DeskTicketQuerySet(models.QuerySet["DeskTicket"]):
    def visible_to(self, user: Person) -> DeskTicketQuerySet:
        """A desk belongs to whoever belongs to one of the demo's projects."""
        seen = Feed.objects.filter(project_id__in=access.project_ids(user))
        return self if seen.exists() else self.none()


class DeskTicket(models.Model):
    """A ticket or a page in the stand-in, in the words of the system it stands in for."""

    class Desk(models.TextChoices):
        JIRA = "jira", "Jira"
        PAGERDUTY = "pagerduty", "PagerDuty"

    desk = models.CharField(max_length=10, choices=Desk)
    key = models.CharField(max_length=40)
    # Ours: the label of an issue, the deduplication key of a page.
    correlation = models.CharField(max_length=80, db_index=True)
    title = models.CharField(max_length=1100)
    status = models.CharField(max_length=20)
    fields = models.JSONField(default=dict)
    remarks = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = DeskTicketQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["desk", "key"], name="demo_desk_key_once")]

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return reverse("demo:ticket", args=[self.desk, self.key])
