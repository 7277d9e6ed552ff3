from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.deployments.models import Deployment
from apps.docs.models import Document
from apps.monitoring.levels import Level
from apps.monitoring.models.baselines import Baseline
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class Severity(models.TextChoices):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class MonitorQuerySet(InProjectQuerySet["Monitor"]):
    def due(self) -> MonitorQuerySet:
        return self.filter(enabled=True, due_at__lte=timezone.now())


class Monitor(models.Model):
    """Looks at a deployment's newest rows again and again."""

    class Kind(models.TextChoices):
        INPUT_DRIFT = "input_drift", "input drift"
        PREDICTION_DRIFT = "prediction_drift", "prediction drift"
        DATA_QUALITY = "data_quality", "data quality"
        PERFORMANCE = "performance", "performance"
        ESTIMATED = "estimated", "estimated performance"
        LABELS = "labels", "label coverage and lag"
        TRAFFIC = "traffic", "traffic"
        LATENCY = "latency", "latency"
        ERRORS = "errors", "errors"
        STALENESS = "staleness", "staleness"
        FAIRNESS = "fairness", "fairness"
        METRIC = "metric", "custom metric"
        # Made by the portal itself: the reconciler looks, and what differs is an alert.
        DESIRED_STATE = "desired_state", "wanted against found"

    class State(models.TextChoices):
        UNKNOWN = "unknown", "no verdict yet"
        CALM = "calm"
        TOO_FEW = "too_few", "too few rows"
        ALERTING = "alerting"
        FAILING = "failing", "cannot look"

    project = models.ForeignKey(Project, models.CASCADE, related_name="monitors")
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="monitors")
    # None where rows are not compared with a baseline.
    baseline = models.ForeignKey(Baseline, models.PROTECT, null=True, related_name="monitors")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.INPUT_DRIFT)
    # As the kind's own settings check them.
    settings = models.JSONField(default=dict)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.WARNING)
    runbook = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="monitors")
    window_rows = models.PositiveIntegerField(default=200)
    every_seconds = models.PositiveIntegerField(default=60)
    # Without a look that says act for so long, its alert is over.
    hold_seconds = models.PositiveIntegerField(default=900)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State, default=State.UNKNOWN)
    # Why it cannot look, where it cannot; and how often in a row.
    failure = models.CharField(max_length=500, blank=True)
    failures = models.PositiveIntegerField(default=0)
    calm_looks = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    # The newest row that a verdict has seen: a window is judged once.
    seen_until = models.DateTimeField(null=True)
    acted_at = models.DateTimeField(null=True)  # the last look that said act
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
    # The window's columns on the baseline's edges, for the pictures; None where nothing moved.
    profiles = models.JSONField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.level} on {self.rows} rows"


class Measurement(models.Model):
    """One point of a monitor's series; `part` names a slice or a column, empty for the whole."""

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="measurements")
    at = models.DateTimeField()
    part = models.CharField(max_length=200, blank=True)
    value = models.FloatField()
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    rows = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "part", "at"], name="monitoring_measured_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value} at {self.at}"
