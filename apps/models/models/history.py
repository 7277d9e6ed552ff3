from __future__ import annotations

from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.models.choices import MoveKind, OutOfBandState
from apps.models.models.promotions import Promotion
from apps.models.models.registry import ModelVersion, RegisteredModel
from apps.models.models.rows import ProjectRows
from apps.projects.models import Environment, Project


class AliasMove(models.Model):
    """One move of an alias or a stage, whoever made it. `after` is null where it was taken away.

    Without `by`, nobody of the portal moved it: it was found in MLflow.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="alias_moves")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="alias_moves")
    kind = models.CharField(max_length=10, choices=MoveKind, default=MoveKind.ALIAS)
    name = models.CharField(max_length=256)
    before = models.ForeignKey(ModelVersion, models.CASCADE, null=True, related_name="+")
    after = models.ForeignKey(ModelVersion, models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    promotion = models.ForeignKey(Promotion, models.SET_NULL, null=True, related_name="moves")
    out_of_band = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True)

    objects = ProjectRows["AliasMove"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["model", "kind", "name", "-at", "-id"], name="models_move_newest"),
            models.Index(fields=["project", "-id"], name="models_move_project"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.model}"

    @property
    def why(self) -> str:
        """What was said when it was asked for; empty where nobody said anything."""
        return self.note or (self.promotion.note if self.promotion else "")


class OutOfBandQuerySet(ProjectRows["OutOfBandMove"]):
    def open(self) -> OutOfBandQuerySet:
        return self.filter(state__in=OutOfBandMove.OPEN)


class OutOfBandMove(models.Model):
    """A guarded alias or stage that moved without a promotion, and what was decided about it.

    `rightful` is where it belongs by what the portal let happen: a revert leads there. A stage has no
    single holder; `came_from` is the stage that the version goes back to.
    """

    OPEN = (OutOfBandState.OPEN, OutOfBandState.ADOPTING, OutOfBandState.REVERTING)

    project = models.ForeignKey(Project, models.CASCADE, related_name="out_of_band_moves")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="out_of_band_moves")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="out_of_band_moves")
    move = models.OneToOneField(AliasMove, models.CASCADE, related_name="out_of_band_case")
    rightful = models.ForeignKey(ModelVersion, models.CASCADE, null=True, related_name="+")
    came_from = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=10, choices=OutOfBandState, default=OutOfBandState.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    # What stood in the way of the last decision; the move is open again.
    trouble = models.CharField(max_length=500, blank=True)
    promotion = models.ForeignKey(
        Promotion, models.SET_NULL, null=True, related_name="out_of_band_moves"
    )

    objects = OutOfBandQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["project", "state"], name="models_out_of_band")]

    def __str__(self) -> str:
        return f"{self.move.name} of {self.model}"

    def get_absolute_url(self) -> str:
        return reverse("models:out_of_band_move", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    def was_adopted_by(self, at: datetime) -> bool:
        """Whether it was adopted until a moment."""
        ended = self.ended_at is not None and self.ended_at <= at
        return ended and self.state == OutOfBandState.ADOPTED

    @property
    def is_undecided(self) -> bool:
        return self.state == OutOfBandState.OPEN

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about it."""
        return f"out_of_band:{self.pk}"
