from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.deployments.models import Deployment
from apps.models.models import ModelVersion
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class Baseline(models.Model):
    """What the data of a deployment should look like: a profile per column."""

    class Source(models.TextChoices):
        ARTIFACT = "artifact", "training data logged with the run"
        ROWS = "rows", "rows that were posted"
        FILE = "file", "a file that was uploaded"
        WINDOW = "window", "a past window"
        ROLLING = "rolling", "the window before, ever anew"

    project = models.ForeignKey(Project, models.CASCADE, related_name="baselines")
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="baselines")
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=10, choices=Source)
    rows = models.PositiveIntegerField()
    profiles = models.JSONField()
    # Of a past window its ends; of a rolling one how far back and how long it reaches.
    settings = models.JSONField(default=dict)
    # At most 5,000 of its rows in random order, as Arrow IPC: what joint tests need. None of old.
    sample = models.BinaryField(null=True)
    # How much the model relies on each column, by name; empty where nobody said: all are equal.
    importance = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = InProjectQuerySet["Baseline"].as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.rows} rows for {self.deployment}"


class Upstream(models.Model):
    """A table that features come from: what moves in its columns alone is one alert."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="upstreams")
    name = models.CharField(max_length=200)
    columns = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = InProjectQuerySet["Upstream"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="monitoring_upstream_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("monitoring:upstream", args=[self.pk])

    @property
    def group(self) -> str:
        """What its alerts are gathered under."""
        return f"upstream:{self.name}"[:200]
