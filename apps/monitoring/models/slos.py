from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.deployments.models import Deployment
from apps.docs.models import Document
from apps.monitoring.models.monitors import Monitor
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class Slo(models.Model):
    """An objective: what share of a deployment's moments or requests is to be good."""

    class Indicator(models.TextChoices):
        AVAILABILITY = "availability"
        LATENCY = "latency"
        QUALITY = "quality"
        FRESHNESS = "freshness"
        LABEL_LAG = "label_lag", "label lag"

    class State(models.TextChoices):
        UNKNOWN = "unknown", "nothing measured yet"
        MET = "met"
        BURNING = "burning", "burning too fast"
        SPENT = "spent", "budget spent"

    project = models.ForeignKey(Project, models.CASCADE, related_name="slos")
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="slos")
    monitor = models.ForeignKey(Monitor, models.CASCADE, null=True, related_name="slos")
    name = models.CharField(max_length=100)
    indicator = models.CharField(max_length=14, choices=Indicator)
    # What counts as good, such as {"under_ms": 200} or {"at_least": 0.9}.
    settings = models.JSONField(default=dict)
    objective = models.FloatField()  # 0.999
    window_days = models.PositiveIntegerField(default=28)
    runbook = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="slos")
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State, default=State.UNKNOWN)
    # Share of the error budget that is left; below 0 where more was spent than there was.
    budget_left = models.FloatField(null=True)
    burn_rates = models.JSONField(default=dict)
    # The portal has counted up to here.
    counted_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InProjectQuerySet["Slo"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "name"], name="monitoring_slo_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("monitoring:slo", args=[self.pk])

    @property
    def percent(self) -> float:
        """The objective in per cent, as it was entered."""
        return round(self.objective * 100, 6)


class SloBucket(models.Model):
    """What happened in one minute: how many were good, of how many."""

    slo = models.ForeignKey(Slo, models.CASCADE, related_name="buckets")
    starts_at = models.DateTimeField()
    good = models.FloatField()
    all = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slo", "starts_at"], name="monitoring_bucket_once")
        ]

    def __str__(self) -> str:
        return f"{self.good} of {self.all}"
