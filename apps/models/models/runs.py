from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.models.choices import Lifecycle, RunStatus
from apps.models.models.rows import ProjectRows
from apps.projects.models import Project

# The number of an experiment on a server that the project has left begins with this.
PAST = "past:"


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
            models.Index(fields=["project", "ended_at", "id"], name="models_run_ended"),
            models.Index(fields=["project", "name", "id"], name="models_run_name"),
            models.Index(fields=["project", "status", "id"], name="models_run_status"),
            GinIndex(fields=["params"], opclasses=["jsonb_path_ops"], name="models_run_params"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="models_run_tags"),
            models.Index(fields=["project", "seen_at"], name="models_run_seen"),
            GinIndex(fields=["inputs"], opclasses=["jsonb_path_ops"], name="models_run_inputs"),
        ]

    def __str__(self) -> str:
        return self.name or self.mlflow_id[:8]

    def get_absolute_url(self) -> str:
        return reverse("models:run", args=[self.pk])

    @property
    def is_running(self) -> bool:
        return self.status in {RunStatus.RUNNING, RunStatus.SCHEDULED}
