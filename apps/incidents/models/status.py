from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.deployments.models import Deployment
from apps.incidents.models.incident import Incident
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class StatusPageQuerySet(InProjectQuerySet["StatusPage"]):
    """Status pages as people of the project see them."""


class StatusPage(models.Model):
    """What stakeholders of a project may read about its state."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="status_page")
    title = models.CharField(max_length=120)
    # Of the address that opens it without an account; none: it is read inside only.
    token_digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  NULLs never collide
    token_made_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = StatusPageQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("incidents:status_page", args=[self.project.slug])


class Component(models.Model):
    """A deployment as stakeholders know it."""

    page = models.ForeignKey(StatusPage, models.CASCADE, related_name="components")
    name = models.CharField(max_length=120)
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["page", "name"], name="incidents_component_once"),
            models.UniqueConstraint(
                fields=["page", "deployment"], name="incidents_component_deployment_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Publication(models.Model):
    """An incident on the status page, under the title that a responder gave it there."""

    class Effect(models.TextChoices):
        DEGRADED = "degraded"
        OUTAGE = "outage"

    page = models.ForeignKey(StatusPage, models.CASCADE, related_name="publications")
    incident = models.OneToOneField(Incident, models.CASCADE, related_name="publication")
    title = models.CharField(max_length=200)
    effect = models.CharField(max_length=8, choices=Effect, default=Effect.DEGRADED)
    components = models.ManyToManyField(Component, related_name="publications")
    published_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    published_at = models.DateTimeField(default=timezone.now)
    over_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-published_at", "-pk"]

    def __str__(self) -> str:
        return self.title


class Update(models.Model):
    """What stakeholders are told about an incident, one after the other."""

    class Phase(models.TextChoices):
        INVESTIGATING = "investigating"
        IDENTIFIED = "identified"
        WATCHING = "watching"
        RESOLVED = "resolved"

    publication = models.ForeignKey(Publication, models.CASCADE, related_name="updates")
    phase = models.CharField(max_length=13, choices=Phase)
    text = models.TextField(max_length=2000)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="incidents_update_says_something")
        ]

    def __str__(self) -> str:
        return self.text[:80]
