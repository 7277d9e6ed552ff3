from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.deployments.models import Deployment
from apps.models.models import ModelVersion
from apps.monitoring.drift import Level
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class Baseline(models.Model):
    """What the data of a deployment should look like: a profile per column."""

    class Source(models.TextChoices):
        ARTIFACT = "artifact", "training data logged with the run"
        ROWS = "rows", "rows that were posted"

    project = models.ForeignKey(Project, models.CASCADE, related_name="baselines")
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="baselines")
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=10, choices=Source)
    rows = models.PositiveIntegerField()
    profiles = models.JSONField()
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = InProjectQuerySet["Baseline"].as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.rows} rows for {self.deployment}"


class MonitorQuerySet(InProjectQuerySet["Monitor"]):
    def due(self) -> MonitorQuerySet:
        return self.filter(enabled=True, due_at__lte=timezone.now())


class Monitor(models.Model):
    """Looks at a deployment's newest rows again and again."""

    class Kind(models.TextChoices):
        INPUT_DRIFT = "input_drift", "input drift"
        # Made by the portal itself: the reconciler looks, and what differs is an alert.
        DESIRED_STATE = "desired_state", "wanted against found"

    class State(models.TextChoices):
        UNKNOWN = "unknown", "no verdict yet"
        CALM = "calm"
        TOO_FEW = "too_few", "too few rows"
        ALERTING = "alerting"

    project = models.ForeignKey(Project, models.CASCADE, related_name="monitors")
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="monitors")
    # None where rows are not what is looked at.
    baseline = models.ForeignKey(Baseline, models.PROTECT, null=True, related_name="monitors")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.INPUT_DRIFT)
    window_rows = models.PositiveIntegerField(default=200)
    every_seconds = models.PositiveIntegerField(default=60)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State, default=State.UNKNOWN)
    calm_looks = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    # The newest row that a verdict has seen: a window is judged once.
    seen_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MonitorQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "name"], name="monitoring_monitor_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(enabled=True), name="monitoring_due")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("monitoring:monitor", args=[self.pk])

    @property
    def looks_at_rows(self) -> bool:
        """Whether its looks compare rows with a baseline."""
        return self.baseline_id is not None

    @property
    def every(self) -> timedelta:
        return timedelta(seconds=self.every_seconds)

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this monitor."""
        return f"monitor:{self.pk}"


class Verdict(models.Model):
    """What one look saw: a window of rows against the baseline."""

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="verdicts")
    level = models.CharField(max_length=10, choices=[(level.value, level.value) for level in Level])
    rows = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    findings = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.level} on {self.rows} rows"


class AlertQuerySet(InProjectQuerySet["Alert"]):
    def firing(self) -> AlertQuerySet:
        return self.filter(state=Alert.State.FIRING)


class Alert(models.Model):
    """A monitor that says act: one firing per monitor, resolved when it is calm again."""

    class State(models.TextChoices):
        FIRING = "firing"
        RESOLVED = "resolved"

    project = models.ForeignKey(Project, models.CASCADE, related_name="alerts")
    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="alerts")
    verdict = models.ForeignKey(Verdict, models.PROTECT, related_name="+")
    # The version that answered when it fired.
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=100)
    summary = models.CharField(max_length=500)
    features = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State, default=State.FIRING)
    fired_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor"], condition=Q(state="firing"), name="monitoring_one_firing"
            )
        ]

    def __str__(self) -> str:
        return self.summary

    def get_absolute_url(self) -> str:
        return reverse("monitoring:alert", args=[self.pk])
