from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.docs.models.sources import Source
from apps.projects.models import Project

if TYPE_CHECKING:
    from apps.core.access import Person


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> DocumentQuerySet:
        return self.filter(project_id__in=access.project_ids(user, at_least))

    def in_force(self) -> DocumentQuerySet:
        """What people may go by: published, and not gone from its source."""
        return self.filter(state=Document.State.PUBLISHED, removed_at=None)


class Document(models.Model):
    """A page of Markdown that belongs to a project."""

    class Kind(models.TextChoices):
        RUNBOOK = "runbook"
        GUIDE = "guide"
        CARD = "card", "model card"
        POST_MORTEM = "post-mortem"
        DECISION = "decision"

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"

    project = models.ForeignKey(Project, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.PUBLISHED)
    slug = models.SlugField(max_length=120)
    title = models.CharField(max_length=200)
    body = models.TextField()
    # From the front matter: which alerts, models and features it is for.
    applies_to = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    # As the front matter names them; the person is there while somebody of that name is.
    owner_name = models.CharField(max_length=150, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    deputy = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    review_by = models.DateField(null=True)
    # Where it was imported from: the same path of the same source is the same document.
    source = models.ForeignKey(Source, models.SET_NULL, null=True, related_name="documents")
    path = models.CharField(max_length=500, null=True)  # noqa: DJ001  NULLs never collide
    # Since when its source does not hold it any more.
    removed_at = models.DateTimeField(null=True)
    links_due_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="docs_slug_once"),
            models.UniqueConstraint(
                fields=["project", "path"], condition=Q(source=None), name="docs_path_once"
            ),
            models.UniqueConstraint(fields=["source", "path"], name="docs_source_path_once"),
        ]
        indexes = [models.Index(fields=["links_due_at"], name="docs_links_due")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("docs:document", args=[self.pk])

    @property
    def is_in_force(self) -> bool:
        """Whether people may go by it: published, and not gone from its source."""
        return self.state == self.State.PUBLISHED and self.removed_at is None


class Revision(models.Model):
    """What a document said once; one that is not published is a draft."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    published = models.BooleanField(default=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="docs_revision_once")
        ]

    def __str__(self) -> str:
        return f"{self.title} r{self.number}"
