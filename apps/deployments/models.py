from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.integrations.models import Connection
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
    # The cluster, daemon or endpoint that runs it; none: processes of this machine.
    connection = models.ForeignKey(Connection, models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    retired_at = models.DateTimeField(null=True)
    retired_reason = models.CharField(max_length=500, blank=True)

    # The role in the project of whoever `access` found the row for.
    held: Role | None = None

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("deployments:deployment", args=[self.slug])

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None

    @property
    def needed(self) -> Role:
        """The role that may change what it serves."""
        return Role.MAINTAINER if self.environment.protected else Role.CONTRIBUTOR

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this deployment."""
        return f"deployment:{self.pk}"


class Configuration(models.Model):
    """One state of a deployment's configuration; a change makes a new row. `body` is a `configs.Config`."""

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="configurations")
    number = models.PositiveIntegerField()
    body = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "number"], name="deployments_configuration_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.deployment} configuration {self.number}"


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
        MOVING = "moving"
        PAUSED = "paused"
        LIVE = "live"
        SUPERSEDED = "superseded"
        ROLLED_BACK = "rolled_back", "rolled back"
        FAILED = "failed"
        ABORTED = "aborted"

    class Wish(models.TextChoices):
        """What a person asked of a release under way; its job answers."""

        NONE = "", "nothing"
        PAUSE = "pause"
        RESUME = "resume"
        PROMOTE = "promote"
        ABORT = "abort"

    IN_FLIGHT = (State.QUEUED, State.STARTING, State.MOVING, State.PAUSED)

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="releases")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    # A rollback names the release whose damage it undoes.
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by")
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    configuration = models.ForeignKey(Configuration, models.PROTECT, null=True, related_name="+")
    # A `configs.Strategy` as it stood when the release was asked for.
    strategy = models.JSONField(default=dict)
    step = models.PositiveIntegerField(default=0)
    step_since = models.DateTimeField(null=True)
    # Percent of the deployment's traffic that goes to it while it is moving or paused.
    share = models.PositiveIntegerField(default=0)
    # Gets copies of requests, and nobody reads its answers.
    shadow = models.BooleanField(default=False)
    wish = models.CharField(max_length=10, choices=Wish, default=Wish.NONE, blank=True)
    wished_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
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
                condition=Q(state__in=["queued", "starting", "moving", "paused"]),
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
    # Where the gateway reaches it.
    host = models.CharField(max_length=253, default="127.0.0.1")
    port = models.PositiveIntegerField(null=True)
    # What a target calls it: a container, a workload of a cluster.
    handle = models.CharField(max_length=253, blank=True)
    # A person asked for a new process; the runner starts it and forgets the wish.
    restart_wanted = models.BooleanField(default=False)
    pid = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WANTED)
    note = models.CharField(max_length=500, blank=True)
    restarts = models.PositiveIntegerField(default=0)
    # Drained and stopped by the runner, then deleted. Until a moment to come it stays warm.
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


class Judgement(models.Model):
    """What the judge of a release found at one look; nobody changes it."""

    class Verdict(models.TextChoices):
        WAIT = "wait"
        GO_ON = "go_on", "go on"
        ROLL_BACK = "roll_back", "roll back"

    release = models.ForeignKey(Release, models.CASCADE, related_name="judgements")
    step = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.CharField(max_length=500)
    figures = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.release}: {self.verdict}"


class Tally(models.Model):
    """What one gateway counted of one release in one stretch of a few seconds. Written by gateways only.

    `seconds` holds counts per bucket of `tallies.EDGES` (answers by their time); `failures` are
    answers of 500 and above and calls without an answer, `refusals` answers of 400 to 499.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="tallies")
    gateway = models.CharField(max_length=40)
    at = models.DateTimeField()
    shadow = models.BooleanField(default=False)
    requests = models.PositiveIntegerField()
    failures = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)
    seconds = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["release", "at"], name="deployments_tally_when")]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "gateway", "at", "shadow"], name="deployments_tally_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.release} at {self.at:%F %T}: {self.requests}"


class Mismatch(models.Model):
    """A difference between what a deployment should run and what its target says it runs."""

    class Kind(models.TextChoices):
        SCALE = "scale", "number of replicas"
        VERSION = "version", "version"
        IMAGE = "image", "image"
        SETTINGS = "settings", "settings"
        MISSING = "missing", "not there"
        ALIAS = "alias", "alias"

    class End(models.TextChoices):
        OPEN = "", "open"
        ADOPTED = "adopted"
        REVERTED = "reverted"
        GONE = "gone", "gone by itself"

    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="mismatches")
    kind = models.CharField(max_length=10, choices=Kind)
    wanted = models.CharField(max_length=300)
    found = models.CharField(max_length=300)
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    end = models.CharField(max_length=10, choices=End, default=End.OPEN, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "kind"], condition=Q(end=""), name="deployments_mismatch_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.deployment}: {self.kind}"
