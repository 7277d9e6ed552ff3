from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.docs.models import Document
from apps.incidents.models.incident import Incident
from apps.incidents.models.tickets import Ticket

if TYPE_CHECKING:
    from apps.core.access import Person


class PostMortemQuerySet(models.QuerySet["PostMortem"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> PostMortemQuerySet:
        return self.filter(incident__project_id__in=access.project_ids(user, at_least))


class PostMortem(models.Model):
    """The text that code drafted about an incident and people finished; the document holds it."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="post_mortem")
    document = models.OneToOneField(Document, models.CASCADE, related_name="post_mortem")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = PostMortemQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Post-mortem of {self.incident}"


class ActionQuerySet(models.QuerySet["Action"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> ActionQuerySet:
        return self.filter(incident__project_id__in=access.project_ids(user, at_least))

    def open(self) -> ActionQuerySet:
        return self.filter(done_at=None)


class Action(models.Model):
    """What changes so that it does not come back: by whom, until when."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="actions")
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_on = models.DateField()
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="actions")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # The day of the last reminder, so that nobody is reminded twice on one.
    reminded_on = models.DateField(null=True)

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="incidents_action_done_by_somebody",
            )
        ]
        indexes = [
            models.Index(
                fields=["owner", "due_on"], condition=Q(done_at=None), name="incidents_action_open"
            )
        ]

    def __str__(self) -> str:
        return self.title

    def is_late(self, today: date) -> bool:
        return self.done_at is None and self.due_on < today
