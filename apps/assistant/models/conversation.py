from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.projects.models import Project

if TYPE_CHECKING:
    from apps.core.access import Person


def own(user: Person) -> Q:
    """What somebody asked, and only as widely as they ask now: a narrowed token sees none of the others."""
    limits = getattr(user, "limits", None)
    mine = Q(asked_by_id=user.pk or 0)
    return mine if limits is None else mine & Q(token_id=limits.token_id)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def own(self, user: Person) -> ConversationQuerySet:
        """One's own."""
        return self.filter(own(user))

    def visible_to(self, user: Person) -> ConversationQuerySet:
        """One's own, and what somebody shared with a project that one may see."""
        shared = Q(shared_with__in=access.project_ids(user))
        return self.filter(own(user) | shared)


class Conversation(models.Model):
    """Questions that follow one another; `shared_with` lets the members of that project read along."""

    asked_by = models.ForeignKey(User, models.CASCADE, related_name="conversations")
    token_id = models.BigIntegerField(null=True)
    project_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=200)
    shared_with = models.ForeignKey(Project, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes = [models.Index(fields=["asked_by", "-updated_at"], name="assistant_conv_newest")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/assistant/talks/{self.pk}/"
