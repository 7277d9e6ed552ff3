from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.docs.models import Document
from apps.incidents.models.incident import Incident

if TYPE_CHECKING:
    from apps.core.access import Person


class StepQuerySet(models.QuerySet["Step"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> StepQuerySet:
        return self.filter(incident__project_id__in=access.project_ids(user, at_least))


class Step(models.Model):
    """A step of a runbook in one incident: what it says, who did it when, with what result."""

    class Kind(models.TextChoices):
        PLAIN = "plain"
        CHECK = "check"
        ACTION = "action"

    class State(models.TextChoices):
        OPEN = "open"
        WAITING = "waiting", "waits for approval"
        DONE = "done"
        SKIPPED = "skipped"

    OVER = (State.DONE, State.SKIPPED)

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="steps")
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="+")
    # The page as it was when it was taken in hand; a later revision changes nothing here.
    revision = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    section = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=6, choices=Kind)
    text = models.TextField()
    needs_approval = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    # What was shown to the person who asked; an approver agrees to this and to nothing else.
    plan = models.JSONField(default=dict)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    # What came of it: a sentence, and the records that were made.
    result = models.CharField(max_length=1000, blank=True)
    data = models.JSONField(default=dict)
    taken_at = models.DateTimeField(default=timezone.now)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "position"], name="incidents_step_place"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "waiting"], done_at=None, done_by=None)
                | Q(state__in=["done", "skipped"], done_at__isnull=False, done_by__isnull=False),
                name="incidents_step_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(asked_by__isnull=False, asked_at__isnull=False),
                name="incidents_step_asked_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="done", kind="action", needs_approval=True)
                | (Q(asked_by__isnull=False) & ~Q(done_by=F("asked_by"))),
                name="incidents_step_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def is_over(self) -> bool:
        return self.state in self.OVER
