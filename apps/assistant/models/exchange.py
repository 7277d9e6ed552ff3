from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.assistant.models.conversation import Conversation, own

if TYPE_CHECKING:
    from apps.core.access import Person


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def visible_to(self, user: Person) -> ExchangeQuerySet:
        """One's own, and only as widely as one asked: a narrowed token sees none of the others."""
        return self.filter(own(user))

    def running(self) -> ExchangeQuerySet:
        return self.filter(state=Exchange.State.RUNNING)


class Exchange(models.Model):
    """One question, what was answered, and the evidence it was answered from, as it stood.

    It is written as the answer grows, so whoever lost the connection reads it again by its id.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"

    class Feedback(models.TextChoices):
        HELPED = "helped"
        WRONG = "wrong"

    asked_by = models.ForeignKey(User, models.CASCADE, related_name="exchanges")
    token_id = models.BigIntegerField(null=True)
    project_id = models.BigIntegerField(null=True)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, null=True, related_name="exchanges"
    )
    question = models.TextField(max_length=4000)
    page = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.DONE)
    # Why it went without a model, or what ended it early.
    note = models.CharField(max_length=300, default="", blank=True)
    sentences = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    calls = models.JSONField(default=list)
    # Who should word it: a provider's id; none for the portal itself.
    provider_id = models.BigIntegerField(null=True)
    model = models.CharField(max_length=100, default="none")
    tokens = models.PositiveIntegerField(default=0)
    timings = models.JSONField(default=dict)
    stop_requested_at = models.DateTimeField(null=True)
    feedback = models.CharField(max_length=10, choices=Feedback, default="", blank=True)
    feedback_words = models.CharField(max_length=1000, default="", blank=True)
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["asked_by", "at"], name="assistant_asked_by_at"),
            models.Index(fields=["project_id", "at"], name="assistant_project_at"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="running") | Q(ended_at=None),
                name="assistant_running_has_no_end",
            )
        ]

    def __str__(self) -> str:
        return self.question[:80]

    def get_absolute_url(self) -> str:
        return f"/assistant/conversations/{self.pk}/"

    @property
    def topic(self) -> str:
        """What a page about it listens to."""
        return f"exchange:{self.pk}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING
