from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.core import access
from apps.core.fields import EncryptedField
from apps.projects.models import Project

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


class Format(models.TextChoices):
    """How a batch's payload is written: small ones in MessagePack, the others in Arrow."""

    MSGPACK = "msgpack"
    ARROW = "arrow"


class Batch(models.Model):
    """Rows as they arrived, one database row per batch.

    Deployments stand to the right of predictions, so they are known by id.
    """

    project_id = models.BigIntegerField()
    deployment_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    # Rows that somebody was given; copies for shadows are in the payload and not counted.
    count = models.PositiveIntegerField()
    format = models.CharField(max_length=10, choices=Format, default=Format.MSGPACK)
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


class LakeFileQuerySet(models.QuerySet["LakeFile"]):
    def visible_to(self, user: Person) -> LakeFileQuerySet:
        return self.filter(project_id__in=access.project_ids(user))


class RetentionQuerySet(models.QuerySet["Retention"]):
    def visible_to(self, user: Person) -> RetentionQuerySet:
        return self.filter(project_id__in=access.project_ids(user))


class TakenKey(models.Model):
    """An id that was seen: a second row with it is a duplicate. The key is a digest of 16 bytes."""

    key = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return str(self.key)


class LakeFile(models.Model):
    """A Parquet file of one deployment, kind and hour.

    It is read from the transaction that makes it live, which deletes the batches whose rows it holds.
    """

    class State(models.TextChoices):
        WRITING = "writing", "being written"
        LIVE = "live"
        RETIRED = "retired"

    project_id = models.BigIntegerField()
    deployment_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    hour = models.DateTimeField()
    path = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.WRITING)
    rows = models.PositiveIntegerField(default=0)
    count = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Since when the last of its rows is known; ground truth is read by it.
    received_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = LakeFileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["deployment_id", "kind", "ends_at"],
                condition=models.Q(state="live"),
                name="predictions_live_files",
            ),
            models.Index(fields=["state", "changed_at"], name="predictions_file_states"),
        ]

    def __str__(self) -> str:
        return self.path


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
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.EXCHANGE)
    key = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)
    payload = models.BinaryField()
    at = models.DateTimeField(default=timezone.now)

    objects = SetAsideQuerySet.as_manager()

    def __str__(self) -> str:
        return self.reason


class Retention(models.Model):
    """For how many days a project keeps its predictions; without a row, for ever."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="prediction_retention")
    days = models.PositiveIntegerField()

    objects = RetentionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.days} days"


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, user: Person) -> ErasureQuerySet:
        return self.filter(project_id__in=access.project_ids(user))


class Erasure(models.Model):
    """A subject's rows taken out of batches and files, with what was done: the certificate.

    What was asked for is kept encrypted until the work is done, and afterwards as a keyed hash alone.
    """

    class State(models.TextChoices):
        ERASING = "erasing"
        ERASED = "erased"
        FAILED = "failed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="prediction_erasures")
    deployment_id = models.BigIntegerField()
    deployment = models.CharField(max_length=60)
    # `id`, or a column such as `inputs.customer_id`.
    column = models.CharField(max_length=220)
    subject = EncryptedField(null=True)
    subject_digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.ERASING)
    predictions = models.PositiveIntegerField(default=0)
    truths = models.PositiveIntegerField(default=0)
    set_aside = models.PositiveIntegerField(default=0)
    # Each batch and file that was written anew: `{what, rows, erased, before, after}` with SHA-256.
    parts = models.JSONField(default=list)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    job_id = models.BigIntegerField(null=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Erasure {self.pk} in {self.deployment}"

    def get_absolute_url(self) -> str:
        return reverse("predictions:erasure", args=[self.deployment, self.pk])
