from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects.models import Environment, Project

if TYPE_CHECKING:
    from apps.core.access import Person


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> DeploymentQuerySet:
        return self.filter(project_id__in=access.project_ids(user, at_least))


class Deployment(models.Model):
    """A name under which one model is served in one environment."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="deployments")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="deployments")
    model = models.ForeignKey(RegisteredModel, models.PROTECT, related_name="deployments")
    # Unique on the whole site: it is the path under /serve/.
    slug = models.SlugField(max_length=60, unique=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("deployments:deployment", args=[self.slug])

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this deployment."""
        return f"deployment:{self.pk}"


class ReleaseQuerySet(models.QuerySet["Release"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> ReleaseQuerySet:
        return self.filter(deployment__project_id__in=access.project_ids(user, at_least))

    def in_flight(self) -> ReleaseQuerySet:
        return self.filter(state__in=Release.IN_FLIGHT)

    def live(self) -> ReleaseQuerySet:
        return self.filter(state=Release.State.LIVE)


class Release(models.Model):
    """One attempt to make a deployment serve one model version."""

    class State(models.TextChoices):
        QUEUED = "queued"
        STARTING = "starting"
        LIVE = "live"
        SUPERSEDED = "superseded"
        ROLLED_BACK = "rolled_back", "rolled back"
        FAILED = "failed"

    IN_FLIGHT = (State.QUEUED, State.STARTING)

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="releases")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    # A rollback names the release whose damage it undoes.
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by")
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    job_id = models.BigIntegerField(null=True)
    requested_at = models.DateTimeField(default=timezone.now)
    live_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "number"], name="deployments_release_number"
            ),
            models.UniqueConstraint(
                fields=["deployment"], condition=Q(state="live"), name="deployments_one_live"
            ),
            models.UniqueConstraint(
                fields=["deployment"],
                condition=Q(state__in=["queued", "starting"]),
                name="deployments_one_in_flight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment} #{self.number}"


class Replica(models.Model):
    """One model server that should run, and what the runner says of it."""

    class State(models.TextChoices):
        WANTED = "wanted"
        STARTING = "starting"
        READY = "ready"
        FAILED = "failed"

    release = models.ForeignKey(Release, models.CASCADE, related_name="replicas")
    node = models.CharField(max_length=200, blank=True)
    port = models.PositiveIntegerField(null=True)
    pid = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WANTED)
    note = models.CharField(max_length=500, blank=True)
    restarts = models.PositiveIntegerField(default=0)
    # Drained and stopped by the runner, then deleted.
    retired_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.release}: {self.state}"


class ServedSpan(models.Model):
    """A stretch of time in which a release was live: the projection behind "served at"."""

    release = models.OneToOneField(Release, models.CASCADE, related_name="span")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="served_spans")
    alias = models.CharField(max_length=255, blank=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["environment", "since"], name="deployments_served")]

    def __str__(self) -> str:
        return f"{self.release} since {self.since:%F %T}"
