from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.core import access
from apps.core.fields import EncryptedField, Secret
from apps.integrations import catalog
from apps.integrations.catalog import Entry
from apps.projects.models import Project

if TYPE_CHECKING:
    from apps.core.access import Person


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, user: Person) -> ConnectionQuerySet:
        """Those of the person's projects; site-wide ones are the site admins' own."""
        here = Q(project_id__in=access.project_ids(user))
        if access.is_site_admin(user):
            here |= Q(project=None)
        return self.filter(here)

    def enabled(self) -> ConnectionQuerySet:
        return self.filter(enabled=True).exclude(project__archived_at__isnull=False)

    def sending(self) -> ConnectionQuerySet:
        """Those that have a delivery to send now, and whose receiver is not being left in peace."""
        now = timezone.now()
        due = OutboundDelivery.objects.due(now).values("connection_id")
        free = Q(held_until=None) | Q(held_until__lte=now)
        return self.enabled().filter(free, pk__in=due)

    def due_for_check(self, slugs: list[str], before: datetime) -> ConnectionQuerySet:
        looked_at = Q(checked_at=None) | Q(checked_at__lt=before)
        return self.enabled().filter(looked_at, slug__in=slugs)


class Connection(models.Model):
    """The settings and credentials for one external system: a project's, or the whole site's."""

    class State(models.TextChoices):
        NEVER_CHECKED = "never_checked", "Never checked"
        CONNECTED = "connected", "Connected"
        FAILING = "failing", "Failing"

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="connections")
    # Not `choices=`: a new connector must not need a migration.
    slug = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    values = models.JSONField(default=dict)
    # By dotted path: the secret itself, or a reference such as `vault:7/apps/jira#token`.
    secrets = EncryptedField(null=True)
    secrets_set = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=20, choices=State, default=State.NEVER_CHECKED)
    note = models.CharField(max_length=500, blank=True)
    checked_at = models.DateTimeField(null=True)
    # While a receiver does not answer, one attempt stands for all that waits for it.
    failures = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(null=True)
    # The last request that could not be verified, for whoever wonders why nothing arrives.
    refusal = models.CharField(max_length=300, blank=True)
    refused_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="integrations_connection_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("integrations:connection", args=[self.pk])

    @property
    def entry(self) -> Entry:
        return catalog.entry(self.slug)

    @property
    def topic(self) -> str:
        """What a page subscribes to in order to hear about this connection."""
        return f"connection:{self.pk}"

    @property
    def shown_state(self) -> str:
        return self.state if self.enabled else "disabled"

    def stored_secrets(self) -> dict[str, str]:
        """The secrets or references by dotted path; `KeyLost` where no present key opens them."""
        closed: Secret | None = self.secrets
        found: dict[str, Any] = closed.reveal() if closed else {}
        return found


class DeliveryQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Person) -> DeliveryQuerySet:
        return self.filter(connection__in=Connection.objects.visible_to(user))


class OutboundQuerySet(DeliveryQuerySet):
    def due(self, moment: datetime) -> OutboundQuerySet:
        return self.filter(state=OutboundDelivery.State.PENDING, next_attempt_at__lte=moment)


class InboundDelivery(models.Model):
    """A verified request from outside. The same delivery id arrives once."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        HANDLED = "handled", "Handled"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="inbound")
    delivery_id = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64, null=True)  # noqa: DJ001  NULLs never collide
    kind = models.CharField(max_length=80, blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    error = models.CharField(max_length=500, blank=True)
    repeats = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "delivery_id"], name="integrations_inbound_once"
            ),
            models.UniqueConstraint(
                fields=["connection", "fingerprint"], name="integrations_inbound_no_replay"
            ),
        ]
        indexes = [models.Index(fields=["received_at"], name="integrations_inbound_age")]

    def __str__(self) -> str:
        return self.kind or self.delivery_id

    def get_absolute_url(self) -> str:
        return reverse("integrations:inbound", args=[self.pk])


class OutboundDelivery(models.Model):
    """One event on its way to one receiver, until it arrived or was given up."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DELIVERED = "delivered", "Delivered"
        GIVEN_UP = "given_up", "Given up"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="outbound")
    # The same key is the same event; it travels as the message's id.
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=80)
    happened_at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.CharField(max_length=500, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    wanted_since = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)

    objects = OutboundQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "key"], name="integrations_outbound_once")
        ]
        indexes = [
            models.Index(
                fields=["connection", "next_attempt_at"],
                condition=Q(state="pending"),
                name="integrations_outbound_due",
            ),
            models.Index(fields=["created_at"], name="integrations_outbound_age"),
        ]

    def __str__(self) -> str:
        return self.kind

    def get_absolute_url(self) -> str:
        return reverse("integrations:outbound", args=[self.pk])
