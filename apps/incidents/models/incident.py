from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.deployments.models import Deployment, Release
from apps.monitoring.models import Alert
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

if TYPE_CHECKING:
    from apps.core.access import Person
    from apps.incidents.models.packs import Evidence


class IncidentQuerySet(InProjectQuerySet["Incident"]):
    def open(self) -> IncidentQuerySet:
        return self.filter(state__in=Incident.OPEN)

    def of_alert(self, *alerts: Alert) -> IncidentQuerySet:
        """Those that these alerts opened or gathered under."""
        keys = [alert.pk for alert in alerts]
        involved = apps.get_model("incidents", "Involved").objects.filter(alert__in=keys)
        return self.filter(Q(alert__in=keys) | Q(pk__in=involved.values("incident")))

    def recovered(self) -> IncidentQuerySet:
        """Those with an alert that fires no more; others of theirs may."""
        over = Alert.objects.recovered().values("pk")
        involved = apps.get_model("incidents", "Involved").objects.filter(alert__in=over)
        return self.filter(Q(alert__in=over) | Q(pk__in=involved.values("incident")))


class Incident(models.Model):
    """Something is wrong with a model in production: which one, since when, and what became of it."""

    class State(models.TextChoices):
        TRIGGERED = "triggered"
        ACKNOWLEDGED = "acknowledged"
        MITIGATED = "mitigated"
        RESOLVED = "resolved"
        CLOSED = "closed"

    class Severity(models.TextChoices):
        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"
        CRITICAL = "critical"

    OPEN = (State.TRIGGERED, State.ACKNOWLEDGED, State.MITIGATED)

    project = models.ForeignKey(Project, models.CASCADE, related_name="incidents")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.HIGH)
    state = models.CharField(max_length=12, choices=State, default=State.TRIGGERED)
    alert = models.ForeignKey(Alert, models.PROTECT, null=True, related_name="incidents")
    deployment = models.ForeignKey(Deployment, models.PROTECT, null=True, related_name="incidents")
    # What was live when it opened.
    release = models.ForeignKey(Release, models.PROTECT, null=True, related_name="incidents")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    # People ended it, whatever its alert says: it does not come back by itself.
    by_hand = models.BooleanField(default=False)
    opened_at = models.DateTimeField(default=timezone.now)
    acknowledged_at = models.DateTimeField(null=True)
    mitigated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Its alerts and its end are those of the incident it was merged into.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    evidence_at = models.DateTimeField(null=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="incidents_number_once"),
            models.UniqueConstraint(
                fields=["alert"],
                condition=Q(state__in=["triggered", "acknowledged", "mitigated"]),
                name="incidents_one_open_per_alert",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:incident", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def evidence(self) -> QuerySet[Evidence]:
        """What the newest pack holds."""
        newest = self.packs.order_by("-number").values("pk")[:1]
        rows: QuerySet[Evidence] = apps.get_model("incidents", "Evidence").objects.all()
        return rows.filter(pack=Subquery(newest)).select_related("pack")

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this incident."""
        return f"incident:{self.pk}"


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, user: Person) -> NoteQuerySet:
        return self.filter(incident__project_id__in=access.project_ids(user))


class Note(models.Model):
    """What somebody wrote down during an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="notes")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(max_length=20_000)
    at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]
