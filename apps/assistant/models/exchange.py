from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from apps.accounts.models import User

if TYPE_CHECKING:
    from apps.core.access import Person


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def visible_to(self, user: Person) -> ExchangeQuerySet:
        """One's own, and only as widely as one asked: a narrowed token sees none of the others."""
        if getattr(user, "limits", None) is not None:
            return self.filter(asked_by_id=user.pk, token_id=user.limits.token_id)  # type: ignore[union-attr]
        return self.filter(asked_by_id=user.pk)


class Exchange(models.Model):
    """One question, what was answered, and the evidence it was answered from, as it stood."""

    asked_by = models.ForeignKey(User, models.CASCADE, related_name="exchanges")
    token_id = models.BigIntegerField(null=True)
    project_id = models.BigIntegerField(null=True)
    question = models.TextField(max_length=4000)
    sentences = models.JSONField()
    evidence = models.JSONField()
    model = models.CharField(max_length=100)
    timings = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.question[:80]
