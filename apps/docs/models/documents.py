from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.projects.models import Project

if TYPE_CHECKING:
    from apps.core.access import Person


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> DocumentQuerySet:
        return self.filter(project_id__in=access.project_ids(user, at_least))


class Document(models.Model):
    """A page of Markdown that belongs to a project."""

    class Kind(models.TextChoices):
        RUNBOOK = "runbook"
        GUIDE = "guide"
        CARD = "card", "model card"
        POST_MORTEM = "post-mortem"
        DECISION = "decision"

    project = models.ForeignKey(Project, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind)
    slug = models.SlugField(max_length=120)
    title = models.CharField(max_length=200)
    body = models.TextField()
    # From the front matter: which alerts, models and features it is for.
    applies_to = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    # Where it was imported from: the same path is the same document.
    path = models.CharField(max_length=500, null=True)  # noqa: DJ001  NULLs never collide
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="docs_slug_once"),
            models.UniqueConstraint(fields=["project", "path"], name="docs_path_once"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("docs:document", args=[self.pk])


class Revision(models.Model):
    """What a document said once."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="docs_revision_once")
        ]

    def __str__(self) -> str:
        return f"{self.title} r{self.number}"
