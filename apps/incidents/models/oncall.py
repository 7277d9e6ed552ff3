"""Who is on call: rotations, exceptions, and the calendars that go out and come in."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.core.fields import EncryptedField
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

if TYPE_CHECKING:
    from apps.core.access import Person

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Schedule(models.Model):
    """Who is on call when, by the clock of one zone."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="oncall_schedules")
    name = models.CharField(max_length=100)
    zone = models.CharField(max_length=60, default="UTC")
    created_at = models.DateTimeField(default=timezone.now)

    objects = InProjectQuerySet["Schedule"].as_manager()

    class Meta:
        ordering = ["project", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="incidents_schedule_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:schedule", args=[self.pk])


class LayerQuerySet(models.QuerySet["Layer"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> LayerQuerySet:
        return self.filter(schedule__project_id__in=access.project_ids(user, at_least))


class Layer(models.Model):
    """A rotation of a schedule; where several give somebody, the later position counts."""

    class Unit(models.TextChoices):
        HOURS = "hours"
        DAYS = "days"
        WEEKS = "weeks"

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    # The first hand-over, by the clock of the schedule's zone.
    starts_on = models.DateField()
    hand_over = models.TimeField(default=time(9))
    length = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=6, choices=Unit, default=Unit.WEEKS)
    # Only in these hours of these days, 0 is Monday; a window that ends before it begins goes over midnight.
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    opens = models.TimeField(null=True)
    closes = models.TimeField(null=True)

    objects = LayerQuerySet.as_manager()

    class Meta:
        ordering = ["schedule", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "position"], name="incidents_layer_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(length__gte=1) & Q(length__lte=366), name="incidents_layer_length"
            ),
            models.CheckConstraint(
                condition=Q(opens=None, closes=None) | Q(opens__isnull=False, closes__isnull=False),
                name="incidents_layer_window_whole",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def turn_length(self) -> str:
        """How long each is on, in words."""
        unit = self.get_unit_display().lower()
        return unit.removesuffix("s") if self.length == 1 else f"{self.length} {unit}"

    @property
    def days(self) -> str:
        """The days it is bound to, in words."""
        return ", ".join(WEEKDAYS[day] for day in self.weekdays)


class Turn(models.Model):
    """One person's place in a rotation."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="turns")
    position = models.PositiveSmallIntegerField()
    user = models.ForeignKey(User, models.CASCADE, related_name="oncall_turns")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["layer", "position"], name="incidents_turn_position")
        ]

    def __str__(self) -> str:
        return str(self.user)


class CalendarSourceQuerySet(models.QuerySet["CalendarSource"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> CalendarSourceQuerySet:
        return self.filter(schedule__project_id__in=access.project_ids(user, at_least))


class CalendarSource(models.Model):
    """A calendar whose events are shifts: read again and again from its address, or once from a file."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="sources")
    name = models.CharField(max_length=100)
    address = EncryptedField(null=True)  # such addresses are secrets; NULL: it came as a file
    read_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)
    unmatched = models.JSONField(default=list, blank=True)  # sentences on events that are no shift
    created_at = models.DateTimeField(default=timezone.now)

    objects = CalendarSourceQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class OverrideQuerySet(models.QuerySet["Override"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> OverrideQuerySet:
        return self.filter(schedule__project_id__in=access.project_ids(user, at_least))

    def touching(self, since: datetime, until: datetime) -> OverrideQuerySet:
        return self.filter(starts_at__lt=until, ends_at__gt=since)


class Override(models.Model):
    """Somebody who is on call for a while, whatever the rotations say; the newest counts."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="overrides")
    user = models.ForeignKey(User, models.CASCADE, related_name="oncall_overrides")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey(CalendarSource, models.CASCADE, null=True, related_name="overrides")
    created_at = models.DateTimeField(default=timezone.now)

    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="incidents_override_has_length"
            )
        ]
        indexes = [models.Index(fields=["schedule", "ends_at"], name="incidents_override_ends")]

    def __str__(self) -> str:
        return f"{self.user} for {self.schedule}"


class CalendarLinkQuerySet(models.QuerySet["CalendarLink"]):
    def visible_to(self, user: Person) -> CalendarLinkQuerySet:
        """One's own: a link is a secret."""
        return self.filter(user_id=user.pk or 0)


class CalendarLink(models.Model):
    """A secret address under which a calendar program finds a schedule, or its owner's shifts.

    It shows what its owner may see at that moment, and nothing once they have left.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="calendar_links")
    schedule = models.ForeignKey(Schedule, models.CASCADE, null=True, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = CalendarLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "schedule"], condition=Q(revoked_at=None), nulls_distinct=False,
                name="incidents_calendar_link_once",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"calendar of {self.schedule or self.user}"
