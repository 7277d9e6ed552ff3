from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.models.choices import PromotionState, Verdict
from apps.models.models.registry import ModelVersion, RegisteredModel
from apps.models.models.rows import ProjectRows
from apps.projects.models import Environment, Project


class Gate(models.Model):
    """What a version of the model must fulfil before it may enter the environment."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="gates")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="gates")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="gates")
    kind = models.CharField(max_length=60)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["Gate"].as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "environment", "kind", "settings"], name="models_gate_once"
            )
        ]

    def __str__(self) -> str:
        return self.kind


class WaiverQuerySet(ProjectRows["Waiver"]):
    def holding_at(self, moment: datetime) -> WaiverQuerySet:
        return self.filter(withdrawn_at=None, expires_at__gt=moment)


class Waiver(models.Model):
    """A gate that failed is let pass for one version, for a reason and for a time."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="waivers")
    # A gate that is removed leaves what was waived on record.
    gate = models.ForeignKey(Gate, models.SET_NULL, null=True, related_name="waivers")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="waivers")
    reason = models.TextField(max_length=1000)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["gate", "version"],
                condition=Q(withdrawn_at=None),
                name="models_waiver_once",
            )
        ]

    def __str__(self) -> str:
        return f"Waiver of {self.gate} for {self.version}"

    @property
    def holds(self) -> bool:
        """Whether it lets the gate pass at this moment."""
        return self.withdrawn_at is None and self.expires_at > timezone.now()


class PromotionQuerySet(ProjectRows["Promotion"]):
    def waiting(self) -> PromotionQuerySet:
        return self.filter(state=PromotionState.WAITING)

    def open(self) -> PromotionQuerySet:
        return self.filter(state__in=Promotion.OPEN)


class Promotion(models.Model):
    """The way of one version into one environment: gates, approval, alias."""

    OPEN = (PromotionState.CHECKING, PromotionState.WAITING, PromotionState.APPROVED)

    project = models.ForeignKey(Project, models.CASCADE, related_name="promotions")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="promotions")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=PromotionState, default=PromotionState.CHECKING)
    note = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "environment"],
                condition=Q(state__in=["checking", "waiting", "approved"]),
                name="models_promotion_one_open",
            )
        ]
        indexes = [models.Index(fields=["project", "state"], name="models_promotion_state")]

    def __str__(self) -> str:
        return f"{self.version} to {self.environment.name}"

    def get_absolute_url(self) -> str:
        return f"{self.version.get_absolute_url()}#promotion-{self.pk}"

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this promotion."""
        return f"promotion:{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class GateResult(models.Model):
    """What one gate said, with what it looked at. The database refuses to change it."""

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="results")
    gate_id = models.BigIntegerField()
    # Asked once more after the approval, since days may lie between.
    again = models.BooleanField(default=False)
    kind = models.CharField(max_length=60)
    settings = models.JSONField(default=dict)
    passed = models.BooleanField()
    sentence = models.CharField(max_length=500)
    evidence = models.JSONField(default=dict)
    # A failure that a maintainer waived beforehand.
    waiver = models.ForeignKey(Waiver, models.PROTECT, null=True, related_name="results")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "gate_id", "again"], name="models_result_once"
            )
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def outcome(self) -> str:
        """passed, waived or failed."""
        if self.passed:
            return "passed"
        return "failed" if self.waiver_id is None else "waived"


class Decision(models.Model):
    """Who approved or declined a promotion, and why. The database refuses to change it."""

    promotion = models.OneToOneField(Promotion, models.CASCADE, related_name="decision")
    verdict = models.CharField(max_length=10, choices=Verdict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    note = models.TextField(max_length=2000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.promotion}"
