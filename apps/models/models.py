from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.models.choices import Lifecycle, PromotionState, RunStatus, Verdict
from apps.projects.models import Environment, Project

if TYPE_CHECKING:
    from apps.core.access import Person

M = TypeVar("M", bound=models.Model)


class ProjectRows(models.QuerySet[M]):
    """Rows with a `project`."""

    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> Self:
        return self.filter(project_id__in=access.project_ids(user, at_least))


class Workspace(models.Model):
    """A project's place in MLflow, which has the same name as the project's slug."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="mlflow")
    created_at = models.DateTimeField(default=timezone.now)
    healed_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    objects = ProjectRows["Workspace"].as_manager()

    def __str__(self) -> str:
        return self.project.slug


class Experiment(models.Model):
    """MLflow's folder of runs, mirrored."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="experiments")
    mlflow_id = models.CharField(max_length=40)
    name = models.CharField(max_length=500)
    lifecycle = models.CharField(max_length=10, choices=Lifecycle, default=Lifecycle.ACTIVE)
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["Experiment"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "mlflow_id"], name="models_experiment_once")
        ]

    def __str__(self) -> str:
        return self.name


class Dataset(models.Model):
    """Data that runs read, known by its name and digest."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=500)
    digest = models.CharField(max_length=64)
    source_type = models.CharField(max_length=60, blank=True)
    source = models.TextField(blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["Dataset"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "digest"], name="models_dataset_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.digest}"


class RunQuerySet(ProjectRows["Run"]):
    def active(self) -> RunQuerySet:
        return self.filter(lifecycle=Lifecycle.ACTIVE)

    def reading(self, dataset: Dataset) -> RunQuerySet:
        """The runs with this data among their inputs."""
        asked = [{"name": dataset.name, "digest": dataset.digest}]
        return self.filter(project_id=dataset.project_id, inputs__contains=asked)


class Run(models.Model):
    """One training run, mirrored: the last value of each metric, every param and tag."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="runs")
    mlflow_id = models.CharField(max_length=40)
    name = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.RUNNING)
    lifecycle = models.CharField(max_length=10, choices=Lifecycle, default=Lifecycle.ACTIVE)
    logged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    params = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    # Metric -> [step, timestamp in ms] of the value above: decides which of two values is the last.
    metric_steps = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    inputs = models.JSONField(default=list)
    artifact_uri = models.CharField(max_length=1000, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "mlflow_id"], name="models_run_once")
        ]
        indexes = [
            models.Index(fields=["project", "-started_at", "-id"], name="models_run_newest"),
            models.Index(fields=["experiment", "-started_at"], name="models_run_experiment"),
            GinIndex(fields=["inputs"], opclasses=["jsonb_path_ops"], name="models_run_inputs"),
        ]

    def __str__(self) -> str:
        return self.name or self.mlflow_id[:8]

    def get_absolute_url(self) -> str:
        return reverse("models:run", args=[self.pk])

    @property
    def is_running(self) -> bool:
        return self.status in {RunStatus.RUNNING, RunStatus.SCHEDULED}


class ModelQuerySet(ProjectRows["RegisteredModel"]):
    def live(self) -> ModelQuerySet:
        return self.filter(deleted_at=None)


class RegisteredModel(models.Model):
    """A named model, mirrored. One deleted in MLflow is kept: its gates hold if the name comes back."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="registered_models")
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    objects = ModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="models_model_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("models:model", args=[self.pk])


class VersionQuerySet(ProjectRows["ModelVersion"]):
    def live(self) -> VersionQuerySet:
        return self.filter(deleted_at=None, model__deleted_at=None)


class ModelVersion(models.Model):
    """One version of a registered model, mirrored, with the run it came from."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_versions")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="versions")
    source = models.CharField(max_length=1000, blank=True)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=30, default="READY")
    tags = models.JSONField(default=dict)
    registered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="models_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.model.name} v{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("models:version", args=[self.pk])

    @property
    def uri(self) -> str:
        """How MLflow's client names it."""
        return f"models:/{self.model.name}/{self.number}"


class Alias(models.Model):
    """A name that points at one version; one named like an environment says what belongs there."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_aliases")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="aliases")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=256)
    moved_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["Alias"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="models_alias_once")]

    def __str__(self) -> str:
        return self.name


class Gate(models.Model):
    """What a version of the model must fulfil before it may enter the environment."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="gates")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="gates")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="gates")
    kind = models.CharField(max_length=60)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["Gate"].as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "environment", "kind", "settings"], name="models_gate_once"
            )
        ]

    def __str__(self) -> str:
        return self.kind


class PromotionQuerySet(ProjectRows["Promotion"]):
    def waiting(self) -> PromotionQuerySet:
        return self.filter(state=PromotionState.WAITING)

    def open(self) -> PromotionQuerySet:
        return self.filter(state__in=Promotion.OPEN)


class Promotion(models.Model):
    """The way of one version into one environment: gates, approval, alias."""

    OPEN = (PromotionState.CHECKING, PromotionState.WAITING, PromotionState.APPROVED)

    project = models.ForeignKey(Project, models.CASCADE, related_name="promotions")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="promotions")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=PromotionState, default=PromotionState.CHECKING)
    note = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "environment"],
                condition=Q(state__in=["checking", "waiting", "approved"]),
                name="models_promotion_one_open",
            )
        ]
        indexes = [models.Index(fields=["project", "state"], name="models_promotion_state")]

    def __str__(self) -> str:
        return f"{self.version} to {self.environment.name}"

    def get_absolute_url(self) -> str:
        return f"{self.version.get_absolute_url()}#promotion-{self.pk}"

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this promotion."""
        return f"promotion:{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class GateResult(models.Model):
    """What one gate said, with what it looked at. The database refuses to change it."""

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="results")
    gate_id = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    settings = models.JSONField(default=dict)
    passed = models.BooleanField()
    sentence = models.CharField(max_length=500)
    evidence = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["promotion", "gate_id"], name="models_result_once")
        ]

    def __str__(self) -> str:
        return self.sentence


class Decision(models.Model):
    """Who approved or declined a promotion, and why. The database refuses to change it."""

    promotion = models.OneToOneField(Promotion, models.CASCADE, related_name="decision")
    verdict = models.CharField(max_length=10, choices=Verdict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    note = models.TextField(max_length=2000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.promotion}"
