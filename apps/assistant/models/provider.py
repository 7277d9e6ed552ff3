from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.core import access
from apps.core.fields import EncryptedField
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

if TYPE_CHECKING:
    from apps.core.access import Person

SMALLEST_WINDOW, LARGEST_WINDOW = 1024, 1_048_576


class ProviderQuerySet(models.QuerySet["Provider"]):
    def visible_to(self, user: Person) -> ProviderQuerySet:
        """Those of one's projects, and the ones that the whole portal uses."""
        everywhere = Q(project=None) if user.is_authenticated else Q(pk=None)
        return self.filter(everywhere | Q(project__in=access.project_ids(user)))

    def serving(self, project_id: int | None) -> ProviderQuerySet:
        """Those that may word an answer here, in the order in which they are asked."""
        here = Q(project=None) | Q(project=project_id) if project_id else Q(project=None)
        # The project's own come before the portal's; the default before the others.
        own_first = models.F("project_id").asc(nulls_last=True)
        return self.filter(here, enabled=True).order_by(own_first, "-is_default", "position", "pk")


class Provider(models.Model):
    """One model on one server that words answers; of a project, or of the whole portal."""

    class Kind(models.TextChoices):
        OLLAMA = "ollama", "Ollama"
        OPENAI = "openai", "OpenAI-compatible (LM Studio, llama.cpp, vLLM)"
        HUGGINGFACE = "huggingface", "Hugging Face (TGI)"

    class Calls(models.TextChoices):
        """How the model asks for further evidence."""

        NONE = "none", "does not choose tools"
        NATIVE = "native", "calls tools itself"
        JSON = "json", "names tools in constrained JSON"

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="providers")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=Kind)
    base_url = models.CharField(max_length=300)
    secret = EncryptedField(null=True)
    model = models.CharField(max_length=200)
    window = models.PositiveIntegerField(default=4096)
    calls = models.CharField(max_length=10, choices=Calls, default=Calls.NONE)
    memory_bytes = models.BigIntegerField(null=True)
    keep_alive_minutes = models.PositiveIntegerField(default=5)
    position = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                nulls_distinct=False,
                name="assistant_one_provider_of_a_name",
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(is_default=True),
                nulls_distinct=False,
                name="assistant_one_default",
            ),
            models.CheckConstraint(
                condition=Q(window__gte=SMALLEST_WINDOW, window__lte=LARGEST_WINDOW),
                name="assistant_window_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/assistant/providers/{self.pk}/"


class TermsQuerySet(InProjectQuerySet["Terms"]):
    """Everybody in a project may know its terms."""


class Terms(models.Model):
    """What one project allows the assistant: how long it keeps, and how much may be asked in a day."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="assistant_terms")
    keep_days = models.PositiveIntegerField(default=90)
    questions_a_day = models.PositiveIntegerField(default=2000)
    tokens_a_day = models.PositiveIntegerField(default=2_000_000)

    objects = TermsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(keep_days__gte=1, keep_days__lte=3650), name="assistant_keeps_some_days"
            )
        ]

    def __str__(self) -> str:
        return f"terms of {self.project}"
