from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.models.choices import RiskClass
from apps.models.models.rows import ProjectRows
from apps.models.models.runs import Run
from apps.projects.models import Project


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
    # The profile: what MLflow has no place for.
    purpose = models.TextField(max_length=2000, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    deputy = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    risk_class = models.CharField(max_length=10, choices=RiskClass, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    retired_at = models.DateTimeField(null=True)
    retired_reason = models.CharField(max_length=500, blank=True)

    objects = ModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="models_model_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("models:model", args=[self.pk])

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


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
    stage = models.CharField(max_length=30, blank=True)
    tags = models.JSONField(default=dict)
    registered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    retired_reason = models.CharField(max_length=500, blank=True)

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

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


class VersionFacts(models.Model):
    """What a job read in a version's files: read once, and again where somebody asks."""

    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="facts")
    # Where the files lie below MLflow's artifacts; empty where they could not be found.
    folder = models.CharField(max_length=1000, blank=True)
    signature = models.JSONField(default=dict)
    flavours = models.JSONField(default=dict)
    requirements = models.JSONField(default=list)
    files = models.JSONField(default=list)
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    # Whether the digest covers the content of every file; very large ones count by name and size.
    digest_whole = models.BooleanField(default=False)
    licence = models.CharField(max_length=100, blank=True)
    # What the scan of pickles and requirements found: [{file, what, risk}].
    risks = models.JSONField(default=list)
    trouble = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Facts of {self.version}"


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
