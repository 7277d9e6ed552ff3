from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from apps.core import access
from apps.core.fields import EncryptedField

if TYPE_CHECKING:
    from apps.core.access import Limits, Person


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: Person) -> JobQuerySet:
        """What the person asked for, and what runs in projects they may see."""
        if access.is_site_admin(user):
            return self
        here = Q(project_id__in=access.project_ids(user))
        limits: Limits | None = getattr(user, "limits", None)
        if limits is None or limits.project_ids is None:
            here |= Q(owner_id=user.pk, project_id=None)
        return self.filter(here)

    def owned_by(self, user: Person) -> JobQuerySet:
        return self.filter(owner_id=user.pk)

    def active(self) -> JobQuerySet:
        return self.filter(state__in=Job.ACTIVE)

    def due(self) -> JobQuerySet:
        """Queued, and its time has come by the clock of the database."""
        come = Q(not_before=None) | Q(not_before__lte=Now())
        return self.filter(come, state=Job.State.QUEUED)

    def held(self, job: Job) -> JobQuerySet:
        """The job, as long as the claim that `job` carries holds it."""
        return self.filter(pk=job.pk, claim=job.claim, state=Job.State.RUNNING)

    def orphaned(self) -> JobQuerySet:
        """Running, but its worker no longer says so."""
        return self.filter(state=Job.State.RUNNING, lease_until__lt=Now())

    def ended_badly(self) -> JobQuerySet:
        return self.filter(state__in=Job.BAD_ENDS)

    def still_holding(self) -> JobQuerySet:
        """Ended without success, while what it held is not freed."""
        return self.ended_badly().filter(freed_at=None)


class Job(models.Model):
    """One piece of background work that somebody is waiting for."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (State.QUEUED, State.RUNNING)
    BAD_ENDS = (State.FAILED, State.CANCELLED)

    kind = models.CharField(max_length=80)
    args = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="jobs"
    )
    project_id = models.BigIntegerField(null=True, db_index=True)
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001  NULLs never collide
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    percent = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    result = models.JSONField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="retries")

    claim = models.UUIDField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    freed_at = models.DateTimeField(null=True)
    free_tries = models.PositiveSmallIntegerField(default=0)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(state__in=["queued", "running"]),
                name="core_job_one_active_per_key",
            )
        ]
        indexes = [
            models.Index(
                fields=["state", "lease_until"],
                condition=Q(state__in=["queued", "running"]),
                name="core_job_active",
            ),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["failed", "cancelled"], freed_at=None),
                name="core_job_still_holding",
            ),
            models.Index(fields=["owner", "-id"], name="core_job_owner"),
            models.Index(fields=["project_id", "-id"], name="core_job_project"),
            models.Index(fields=["state", "-id"], name="core_job_state"),
            models.Index(fields=["kind", "-id"], name="core_job_kind"),
            models.Index(fields=["ended_at"], name="core_job_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("core:job", args=[self.pk])

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this job."""
        return f"job:{self.pk}"

    @property
    def topics(self) -> list[str]:
        """Everything that shows this job: its page and the lists it stands in."""
        lists = {"jobs": self.owner_id, "project_jobs": self.project_id}
        return [self.topic, *(f"{kind}:{key}" for kind, key in lists.items() if key is not None)]

    @property
    def seconds(self) -> float | None:
        """How long it took, from its first start on, or takes by now."""
        if self.started_at is None:
            return None
        return ((self.ended_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def is_moving(self) -> bool:
        """Whether a page has to expect a change: work goes on, or its clean-up does."""
        return self.is_active or (self.ended_badly and self.freed_at is None)

    @property
    def ended_badly(self) -> bool:
        return self.state in self.BAD_ENDS


class JobLine(models.Model):
    """One line of a job's log."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="lines")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class IdempotencyRecord(models.Model):
    """The answer to a POST that carried an Idempotency-Key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    # Encrypted: an answer may show a token, this once and never again.
    body = EncryptedField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="core_idempotency_once")
        ]

    def __str__(self) -> str:
        return self.key
