from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from apps.core import access

if TYPE_CHECKING:
    from apps.core.access import Person


class Kind(models.TextChoices):
    """What a batch holds."""

    EXCHANGE = "exchange", "answered by the gateway"
    PREDICTION = "prediction"
    TRUTH = "truth", "ground truth"


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: Person) -> BatchQuerySet:
        return self.filter(project_id__in=access.project_ids(user))


class Batch(models.Model):
    """Rows as they arrived, one database row per batch; the payload is MessagePack.

    Deployments stand to the right of predictions, so they are known by id.
    """

    project_id = models.BigIntegerField()
    deployment_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    count = models.PositiveIntegerField()
    payload = models.BinaryField()
    # The first and last moment of its rows, for reading by window.
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    objects = BatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["deployment_id", "kind", "ends_at"], name="predictions_window")
        ]

    def __str__(self) -> str:
        return f"{self.count} of deployment {self.deployment_id}"


class PredictionKey(models.Model):
    """An id that was seen: a second row with it is a duplicate."""

    deployment_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment_id", "kind", "key"], name="predictions_key_once"
            )
        ]

    def __str__(self) -> str:
        return self.key


class Shipment(models.Model):
    """A journal segment that was taken in; one that comes again is not taken twice."""

    name = models.CharField(max_length=80, primary_key=True)
    taken_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class SetAsideQuerySet(models.QuerySet["SetAside"]):
    def visible_to(self, user: Person) -> SetAsideQuerySet:
        return self.filter(project_id__in=access.project_ids(user))


class SetAside(models.Model):
    """A row that could not be read, kept with the reason."""

    project_id = models.BigIntegerField()
    deployment_id = models.BigIntegerField(db_index=True)
    key = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)
    payload = models.BinaryField()
    at = models.DateTimeField(default=timezone.now)

    objects = SetAsideQuerySet.as_manager()

    def __str__(self) -> str:
        return self.reason
