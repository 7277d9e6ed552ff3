from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.deployments.models import Deployment
from apps.integrations.models import Connection
from apps.models.models import ModelVersion
from apps.monitoring.models.monitors import Monitor, Severity, Verdict
from apps.monitoring.models.slos import Slo
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class AlertQuerySet(InProjectQuerySet["Alert"]):
    def firing(self) -> AlertQuerySet:
        return self.filter(state=Alert.State.FIRING)


class Alert(models.Model):
    """Something that needs somebody: one row per fingerprint while it fires, whoever tells of it."""

    class State(models.TextChoices):
        FIRING = "firing"
        RESOLVED = "resolved"

    class Source(models.TextChoices):
        MONITOR = "monitor"
        SLO = "slo", "objective"
        INBOUND = "inbound", "told from outside"

    class Mark(models.TextChoices):
        UNMARKED = "", "not marked"
        USEFUL = "useful"
        NOISE = "noise"

    project = models.ForeignKey(Project, models.CASCADE, related_name="alerts")
    source = models.CharField(max_length=10, choices=Source, default=Source.MONITOR)
    monitor = models.ForeignKey(Monitor, models.CASCADE, null=True, related_name="alerts")
    slo = models.ForeignKey(Slo, models.CASCADE, null=True, related_name="alerts")
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="+")
    deployment = models.ForeignKey(Deployment, models.CASCADE, null=True, related_name="alerts")
    verdict = models.ForeignKey(Verdict, models.PROTECT, null=True, related_name="+")
    # The version that answered when it fired.
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    fingerprint = models.CharField(max_length=64)
    # What it is gathered under, such as an upstream table; empty where it stands alone.
    group = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    summary = models.CharField(max_length=500)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.WARNING)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    features = models.JSONField(default=list)
    url = models.CharField(max_length=2000, blank=True)  # where its teller shows it
    state = models.CharField(max_length=10, choices=State, default=State.FIRING)
    fired_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    times = models.PositiveIntegerField(default=1)  # how often it was told since it fired
    ends_at = models.DateTimeField(null=True)  # it is over then, unless told again
    resolved_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    silenced = models.BooleanField(default=False)
    mark = models.CharField(max_length=8, choices=Mark, blank=True, default=Mark.UNMARKED)
    marked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "fingerprint"],
                condition=Q(state="firing"),
                name="monitoring_one_firing",
            )
        ]
        indexes = [
            models.Index(fields=["project", "-fired_at"], name="monitoring_alert_fired"),
            models.Index(fields=["ends_at"], condition=Q(state="firing"), name="monitoring_ends"),
        ]

    def __str__(self) -> str:
        return self.summary

    def get_absolute_url(self) -> str:
        return reverse("monitoring:alert", args=[self.pk])

    @property
    def tells_of_state(self) -> bool:
        """Whether it says that something else runs than is wanted."""
        return self.monitor is not None and self.monitor.kind == Monitor.Kind.DESIRED_STATE

    @property
    def kinds(self) -> list[str]:
        """The kind of monitor that tells of it, for finding its runbook."""
        return [self.monitor.kind] if self.monitor else []


class Silence(models.Model):
    """What matches it tells nobody for a while; one that repeats is a maintenance window.

    `matchers` is a list of `{name, value, is_regex, is_equal}` as Alertmanager has them; all must
    match. `until` ends the repetition, None: it goes on.
    """

    class Repeats(models.TextChoices):
        NEVER = "never"
        DAILY = "daily", "every day"
        WEEKLY = "weekly", "every week"

    project = models.ForeignKey(Project, models.CASCADE, related_name="silences")
    matchers = models.JSONField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    repeats = models.CharField(max_length=6, choices=Repeats, default=Repeats.NEVER)
    until = models.DateTimeField(null=True)
    comment = models.CharField(max_length=500)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = InProjectQuerySet["Silence"].as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.comment


class Route(models.Model):
    """Which alerts of a project are told through which connection."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="alert_routes")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="alert_routes")
    name = models.CharField(max_length=100)
    matchers = models.JSONField(default=list)
    severities = models.JSONField(default=list)  # empty: all
    tell_resolved = models.BooleanField(default=True)
    repeat_seconds = models.PositiveIntegerField(default=14_400)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = InProjectQuerySet["Route"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="monitoring_route_once")
        ]

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """One telling of one alert on one route: written with the change, sent by a job."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        DEAD = "dead", "given up"

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notifications")
    route = models.ForeignKey(Route, models.CASCADE, related_name="notifications")
    # What is told: fired, resolved, or again with the number of the repetition.
    event = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "route", "event"], name="monitoring_told_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="monitoring_to_tell")
        ]

    def __str__(self) -> str:
        return f"{self.event} on {self.route}"
