"""What is written about models and versions, and where versions came in from outside."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.docs.models import Document
from apps.models.choices import ImportSource, ImportState
from apps.models.models.registry import ModelVersion, RegisteredModel
from apps.models.models.rows import ProjectRows
from apps.projects.models import Project


class Card(models.Model):
    """Which document is the written part of a model's card."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_cards")
    model = models.OneToOneField(RegisteredModel, models.CASCADE, related_name="card")
    document = models.OneToOneField(Document, models.CASCADE, related_name="card")

    objects = ProjectRows["Card"].as_manager()

    def __str__(self) -> str:
        return f"card of {self.model}"


class SliceReport(models.Model):
    """The metrics by slice that a version's run left as a file, as they were read."""

    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="slice_report")
    rows = models.JSONField(default=list)
    trouble = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"slices of {self.version}"


class EvidencePack(models.Model):
    """A signed archive about one version. Its bytes go after a while; that it was made stays."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="evidence_packs")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="evidence_packs")
    content = models.BinaryField(null=True)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["EvidencePack"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["version", "-id"], name="models_pack_newest")]

    def __str__(self) -> str:
        return f"evidence of {self.version}, {self.made_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("models:pack", args=[self.pk])

    @property
    def kept_until(self) -> datetime:
        """When its bytes go."""
        return self.made_at + timedelta(days=settings.EVIDENCE_KEEP_DAYS)

    @property
    def is_kept(self) -> bool:
        return self.kept_until > timezone.now()

    @property
    def short_digest(self) -> str:
        return f"{self.sha256[:12]}…"

    @property
    def file_name(self) -> str:
        """Under which name it is saved."""
        return f"evidence-{self.version_id}-{self.made_at:%Y%m%dT%H%M%SZ}.zip"


class ModelImport(models.Model):
    """A model on its way in from a hub or a folder. One repository at one commit becomes one version."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_imports")
    source = models.CharField(max_length=10, choices=ImportSource, default=ImportSource.HUB)
    repo = models.CharField(max_length=500)
    revision = models.CharField(max_length=200, blank=True)
    # What the revision meant when it was looked up: the hub's commit, or the folder's digest.
    commit = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=256)
    options = models.JSONField(default=dict)
    licence = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.QUEUED)
    same_as = models.ForeignKey("self", models.SET_NULL, null=True, related_name="repeats")
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="imports")
    job_id = models.BigIntegerField(null=True)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = ProjectRows["ModelImport"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "source", "repo", "commit"],
                condition=Q(state__in=["running", "done"], same_as=None) & ~Q(commit=""),
                name="models_import_once",
            )
        ]
        indexes = [models.Index(fields=["project", "-id"], name="models_import_newest")]

    def __str__(self) -> str:
        return f"{self.repo} as {self.name}"

    def get_absolute_url(self) -> str:
        return f"{reverse('models:import')}#import-{self.pk}"

    @property
    def key(self) -> str:
        """What makes two imports the same."""
        return f"{self.project_id}:{self.source}:{self.repo}@{self.commit}"
