"""What an incident gathers while it lives: alerts, people, links, and whether it came back."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from apps.accounts.models import User
from apps.incidents.models.incident import Incident, Note
from apps.monitoring.models import Alert
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class Involved(models.Model):
    """An alert that gathered under an incident which was open already."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="involved")
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="involvements")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["alert"], name="incidents_involved_once")]

    def __str__(self) -> str:
        return f"{self.alert} in {self.incident}"


class Assignment(models.Model):
    """Who holds a role in an incident."""

    class Part(models.TextChoices):
        COMMANDER = "commander", "incident commander"
        COMMUNICATIONS = "communications"
        SCRIBE = "scribe"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="assignments")
    part = models.CharField(max_length=16, choices=Part)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "part"], name="incidents_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.part}"


class Relation(models.Model):
    """Two incidents that belong together; the later one names the earlier."""

    class Kind(models.TextChoices):
        RELATED = "related"
        SPLIT = "split", "split from"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="relations")
    other = models.ForeignKey(Incident, models.CASCADE, related_name="related_by")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.RELATED)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "other"], name="incidents_related_once"),
            models.CheckConstraint(
                condition=~models.Q(incident=models.F("other")), name="incidents_not_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} and {self.other}"


class NoteRevision(models.Model):
    """What a note said before it was edited."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="revisions")
    text = models.TextField(max_length=20_000)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]


class Recurrence(models.Model):
    """A look, some days after an incident ended, whether the same came back."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="recurrences")
    days = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    again = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["days"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "days"], name="incidents_look_once")
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(looked_at=None),
                name="incidents_recurrence_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident} after {self.days} days"


class Rate(models.Model):
    """What an hour of an open incident costs a project, as its people reckon it."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="incident_rate")
    per_hour = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)

    objects = InProjectQuerySet["Rate"].as_manager()

    def __str__(self) -> str:
        return f"{self.per_hour} {self.currency} an hour"
