from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core.fields import EncryptedField
from apps.integrations.models import Connection
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class SourceQuerySet(InProjectQuerySet["Source"]):
    def due(self) -> SourceQuerySet:
        """Repositories whose next pull has come."""
        return self.filter(kind=Source.Kind.GIT, enabled=True, due_at__lte=timezone.now())


class Source(models.Model):
    """Where documents of a project come from."""

    class Kind(models.TextChoices):
        FOLDER = "folder"
        UPLOAD = "upload"
        GIT = "git", "Git repository"
        CONFLUENCE = "confluence", "Confluence export"
        SHIPPED = "shipped", "shipped with the product"

    project = models.ForeignKey(Project, models.CASCADE, related_name="document_sources")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=500, blank=True)
    branch = models.CharField(max_length=200, blank=True)
    folder = models.CharField(max_length=300, blank=True)
    token = EncryptedField(null=True)
    # A delivery that arrives over this connection pulls at once.
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="+")
    every_seconds = models.PositiveIntegerField(default=900)
    enabled = models.BooleanField(default=True)
    cursor = models.CharField(max_length=64, blank=True)  # the commit that was read last
    due_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)  # the last time that it was taken in whole
    failure = models.CharField(max_length=500, blank=True)
    # What the last import did: counts, and the names with the reasons.
    report = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "kind", "name"], name="docs_source_once")
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(enabled=True, kind="git"), name="docs_source_due"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("docs:source", args=[self.pk])
