"""Questions with known answers, and how well they were answered when they were asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.core import access
from apps.core.access import Role
from apps.projects.models import Project

if TYPE_CHECKING:
    from apps.core.access import Person


def _mine(user: Person) -> Q:
    """What belongs to projects that the person maintains; what belongs to none is a site admin's."""
    mine = Q(project_id__in=access.project_ids(user, Role.MAINTAINER))
    return mine | Q(project=None) if access.is_site_admin(user) else mine


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: Person) -> CaseQuerySet:
        return self.filter(_mine(user))


class Case(models.Model):
    """A question of the team's own to ask again: from a closed incident, or from an answer that was no good."""

    class Origin(models.TextChoices):
        INCIDENT = "incident"
        FEEDBACK = "feedback", "an answer that was no good"

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="assistant_cases")
    origin = models.CharField(max_length=10, choices=Origin)
    # The incident's or the exchange's id: each becomes one case.
    origin_id = models.BigIntegerField()
    question = models.TextField(max_length=4000)
    # An `eval.expected.Expected`.
    expected = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["origin", "origin_id"], name="assistant_case_once")
        ]

    def __str__(self) -> str:
        return self.question[:80]


class EvalRunQuerySet(models.QuerySet["EvalRun"]):
    def visible_to(self, user: Person) -> EvalRunQuerySet:
        return self.filter(_mine(user))


class EvalRun(models.Model):
    """One evaluation: the shipped set where it has no project, else a project's own cases."""

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="assistant_evals")
    model = models.CharField(max_length=100)
    seeds = models.JSONField(default=list)
    questions = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    leaks = models.PositiveIntegerField()
    injected = models.PositiveIntegerField()
    # By category: an `eval.figures.Figures`.
    figures = models.JSONField(default=dict)
    seconds = models.FloatField()
    at = models.DateTimeField(default=timezone.now)

    objects = EvalRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(right__lte=models.F("questions")), name="assistant_right_of_questions"
            )
        ]

    def __str__(self) -> str:
        return f"{self.right} of {self.questions} right by {self.model}"

    def get_absolute_url(self) -> str:
        return reverse("assistant:eval_run", args=[self.pk])

    @property
    def percent(self) -> float:
        """The share of right answers."""
        return round(100 * self.right / self.questions, 1) if self.questions else 0.0


class Score(models.Model):
    """How one question of an evaluation was answered."""

    run = models.ForeignKey(EvalRun, models.CASCADE, related_name="scores")
    category = models.CharField(max_length=20)
    question = models.TextField(max_length=4000)
    answer = models.TextField()
    right = models.BooleanField()
    # What was wrong, empty where nothing was.
    fault = models.CharField(max_length=300, blank=True)
    precision = models.FloatField(null=True)
    recall = models.FloatField(null=True)
    refused = models.BooleanField()
    leaked = models.BooleanField()
    injected = models.BooleanField()
    seconds = models.FloatField()

    class Meta:
        ordering = ["right", "pk"]

    def __str__(self) -> str:
        return self.question[:80]
