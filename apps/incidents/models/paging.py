"""Whom an incident pages, what was sent, and how each person wants to be reached."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.core.fields import EncryptedField
from apps.incidents.models.incident import Incident
from apps.incidents.models.oncall import Schedule
from apps.integrations.models import Connection
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

if TYPE_CHECKING:
    from apps.core.access import Person


class Policy(models.Model):
    """Whom the incidents of a project page; one per severity, and one for all others."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="escalation_policies")
    name = models.CharField(max_length=100)
    severity = models.CharField(
        max_length=10, blank=True, choices=[("", "every other"), *Incident.Severity.choices]
    )
    repeats = models.PositiveSmallIntegerField(default=2)
    # From the last step to the first of the next round.
    repeat_minutes = models.PositiveSmallIntegerField(default=15)
    created_at = models.DateTimeField(default=timezone.now)

    objects = InProjectQuerySet["Policy"].as_manager()

    class Meta:
        ordering = ["project", "severity", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "severity"], name="incidents_policy_per_severity"
            ),
            models.CheckConstraint(
                condition=Q(repeats__lte=9, repeat_minutes__gte=1, repeat_minutes__lte=1440),
                name="incidents_policy_repeats",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:policy", args=[self.pk])


class Rung(models.Model):
    """One step of a policy, so long after the step before it."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="rungs")
    position = models.PositiveSmallIntegerField()
    after_minutes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="incidents_rung_position"),
            models.CheckConstraint(
                condition=Q(after_minutes__lte=1440), name="incidents_rung_within_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.position}"


ONE_TARGET = (
    Q(schedule__isnull=False, user=None, connection=None)
    | Q(schedule=None, user__isnull=False, connection=None)
    | Q(schedule=None, user=None, connection__isnull=False)
)


class RungTarget(models.Model):
    """Whom a step pages: who is on call, a person, or a connection."""

    rung = models.ForeignKey(Rung, models.CASCADE, related_name="targets")
    schedule = models.ForeignKey(Schedule, models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=ONE_TARGET, name="incidents_rung_target_one"),
            models.UniqueConstraint(
                fields=["rung", "schedule", "user", "connection"], nulls_distinct=False,
                name="incidents_rung_target_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.schedule or self.user or self.connection)


class Escalation(models.Model):
    """How an incident's paging stands; each generation is one plan, begun by what made it necessary."""

    class State(models.TextChoices):
        PAGING = "paging"
        STOPPED = "stopped"

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="escalation")
    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, related_name="+")
    severity = models.CharField(max_length=10)
    generation = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.PAGING)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"paging of {self.incident}"


class PageQuerySet(models.QuerySet["Page"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> PageQuerySet:
        return self.filter(incident__project_id__in=access.project_ids(user, at_least))

    def due(self, now: datetime) -> PageQuerySet:
        return self.filter(state=Page.State.WAITING, due_at__lte=now)


class Page(models.Model):
    """One paging of one target for one incident."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        STOPPED = "stopped"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="pages")
    generation = models.PositiveIntegerField()
    round = models.PositiveSmallIntegerField()
    step = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()  # among the targets of its step
    # The target as it stood; what is gone since leads to the project's owner.
    schedule = models.ForeignKey(Schedule, models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="+")
    due_at = models.DateTimeField()
    # The machine's clock against its uptime when `due_at` was written, so that a clock that is set moves it along.
    boot = models.CharField(max_length=40, blank=True)
    clock_offset = models.FloatField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    sent_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=500, blank=True)

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "generation", "round", "step", "place"],
                name="incidents_page_once",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | ~Q(state="sent") & Q(sent_at=None),
                name="incidents_page_sent_at",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="incidents_page_due")
        ]

    def __str__(self) -> str:
        return f"page {self.pk} of {self.incident}"

    @property
    def shown_state(self) -> str:
        """The state as badges know it."""
        if self.state == self.State.SENT:
            return "acknowledged" if self.acknowledged_at else "paged"
        return "pending" if self.state == self.State.WAITING else "stopped"

    @property
    def target(self) -> str:
        """Whom it is for, in words."""
        return str(self.schedule or self.user or self.connection or "the project's owner")


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    def visible_to(self, user: Person) -> PushSubscriptionQuerySet:
        """One's own."""
        return self.filter(user_id=user.pk or 0)

    def living(self) -> PushSubscriptionQuerySet:
        return self.filter(revoked_at=None)


class PushSubscription(models.Model):
    """A browser that shows pages to its owner."""

    user = models.ForeignKey(User, models.CASCADE, related_name="push_subscriptions")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)  # of the endpoint
    endpoint = EncryptedField()
    key = models.CharField(max_length=120)
    auth = EncryptedField()
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(revoked_at=None), name="incidents_push_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PushKeys(models.Model):
    """The portal's own key pair for web push; there is one row."""

    public = models.CharField(max_length=120)
    private = EncryptedField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="incidents_push_keys_one")]

    def __str__(self) -> str:
        return "push keys"


class ContactRuleQuerySet(models.QuerySet["ContactRule"]):
    def visible_to(self, user: Person) -> ContactRuleQuerySet:
        """One's own."""
        return self.filter(user_id=user.pk or 0)


class ContactRule(models.Model):
    """How one person is reached, so long after a page reaches them."""

    class Way(models.TextChoices):
        MAIL = "mail"
        PUSH = "push", "web push"
        CONNECTION = "connection", "a connection"

    user = models.ForeignKey(User, models.CASCADE, related_name="contact_rules")
    way = models.CharField(max_length=10, choices=Way)
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="+")
    after_minutes = models.PositiveSmallIntegerField(default=0)

    objects = ContactRuleQuerySet.as_manager()

    class Meta:
        ordering = ["after_minutes", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(way="connection", connection__isnull=False)
                | ~Q(way="connection") & Q(connection=None),
                name="incidents_contact_connection",
            ),
            models.CheckConstraint(
                condition=Q(after_minutes__lte=1440), name="incidents_contact_within_a_day"
            ),
            models.UniqueConstraint(
                fields=["user", "way", "connection", "after_minutes"], nulls_distinct=False,
                name="incidents_contact_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.connection or self.get_way_display())


class QuietHours(models.Model):
    """When somebody wants only mail, by the clock of their own zone; what is critical comes all the same."""

    user = models.OneToOneField(User, models.CASCADE, related_name="quiet_hours")
    begins = models.TimeField()
    ends = models.TimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(begins=models.F("ends")), name="incidents_quiet_has_length"
            )
        ]

    def __str__(self) -> str:
        return f"quiet hours of {self.user}"


class CallQuerySet(models.QuerySet["Call"]):
    def visible_to(self, user: Person) -> CallQuerySet:
        """One's own, and those of incidents that one may see."""
        ids = access.project_ids(user)
        return self.filter(Q(user_id=user.pk or 0) | Q(page__incident__project_id__in=ids))

    def due(self, now: datetime) -> CallQuerySet:
        return self.filter(state=Call.State.WAITING, due_at__lte=now)


class Call(models.Model):
    """One message on its way out; the same `key` is the same message, there as well as here."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        STOPPED = "stopped"
        DEAD = "dead", "given up"

    # Everybody who is paged sees it in the portal, too, however else they are reached.
    PORTAL = "portal"
    WAYS = (*ContactRule.Way.choices, (PORTAL, "the portal"))

    key = models.CharField(max_length=120, unique=True)
    page = models.ForeignKey(Page, models.CASCADE, null=True, related_name="calls")
    way = models.CharField(max_length=10, choices=WAYS)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="calls")
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="+")
    push = models.ForeignKey(PushSubscription, models.CASCADE, null=True, related_name="+")
    title = models.CharField(max_length=300)
    text = models.TextField(max_length=4000, blank=True)
    url = models.CharField(max_length=500, blank=True)
    urgent = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    boot = models.CharField(max_length=40, blank=True)
    clock_offset = models.FloatField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="incidents_call_due")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def shown_state(self) -> str:
        """The state as badges know it."""
        names = {"waiting": "pending", "sent": "done", "dead": "failed"}
        return names.get(self.state, self.state)

    @property
    def to(self) -> str:
        """Whom it goes to and how, in words."""
        through = str(self.connection or self.push or self.get_way_display())
        return f"{self.user} by {through}" if self.user else through


class HandOff(models.Model):
    """A hand-over that was told; the same hand-over is told once."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="hand_offs")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "at"], name="incidents_hand_off_once")
        ]

    def __str__(self) -> str:
        return f"hand-over of {self.schedule}"
