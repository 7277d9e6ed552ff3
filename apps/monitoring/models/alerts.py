from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Person, Role
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

    def waiting(self) -> AlertQuerySet:
        """Kept, and not looked at yet: neither grouped nor silenced nor told."""
        return self.filter(settled=False)

    def needing_incident(self) -> AlertQuerySet:
        """The first of each group of which one fires and is told of; what is silenced opens nothing."""
        told = Alert.objects.firing().filter(settled=True, silenced=False)
        return self.led().filter(Q(pk__in=told) | Q(pk__in=told.values("lead")))

    def led(self) -> AlertQuerySet:
        """The first of each group, whether or not it still fires itself."""
        return self.filter(lead=None)

    def going_on(self) -> AlertQuerySet:
        """Those of which at least one in their group fires, the first one or a later one."""
        return self.filter(Q(state=Alert.State.FIRING) | _followed())

    def of_incident(self, first: int | None, others: QuerySet[Any]) -> AlertQuerySet:
        """An incident's own alert, and those that gathered under it."""
        return self.filter(Q(pk=first) | Q(pk__in=others))

    def recovered(self) -> AlertQuerySet:
        """Those of which none in their group fires any more."""
        return self.led().filter(~_followed(), state=Alert.State.RESOLVED)


def _followed() -> Exists:
    followers = Alert.objects.filter(lead=OuterRef("pk"), state=Alert.State.FIRING)
    return Exists(followers)


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
    # Looked at once: bound to its deployment, silenced or not, grouped, told.
    settled = models.BooleanField(default=True)
    # The first alert of its group, whose incident is this one's, too; None: it is the first.
    lead = models.ForeignKey("self", models.SET_NULL, null=True, related_name="members")
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
            # Of what never changes while it fires, so that telling it again touches no index.
            models.Index(fields=["source"], condition=Q(state="firing"), name="monitoring_firing"),
            models.Index(fields=["id"], condition=Q(settled=False), name="monitoring_unsettled"),
            models.Index(fields=["project", "fingerprint", "-id"], name="monitoring_alert_history"),
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

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this alert."""
        return f"alert:{self.pk}"

    @property
    def head(self) -> Alert:
        """The first alert of its group: itself, where it joined none."""
        return self.lead or self


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
    # Whose clock a repetition keeps to.
    zone = models.CharField(max_length=60, default="UTC")
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

    def get_absolute_url(self) -> str:
        return reverse("monitoring:silence", args=[self.pk])


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

    def get_absolute_url(self) -> str:
        return reverse("monitoring:route", args=[self.pk])


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> NotificationQuerySet:
        """Those of the projects where the person holds at least this role."""
        return self.filter(route__project_id__in=access.project_ids(user, at_least))

    def due(self) -> NotificationQuerySet:
        """Those to send now; what is silenced meanwhile waits."""
        audible = Q(alert__silenced=False) | Q(event=Notification.RESOLVED)
        waiting = self.filter(state=Notification.State.WAITING, due_at__lte=timezone.now())
        return waiting.filter(audible, route__enabled=True, route__connection__enabled=True)


class Notification(models.Model):
    """One telling of one alert on one route: written with the change, sent by a job."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        DEAD = "dead", "given up"

    FIRED, RESOLVED = "fired", "resolved"

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

    objects = NotificationQuerySet.as_manager()

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
