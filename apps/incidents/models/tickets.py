"""An incident's copies in trackers and pagers, and what travels between the two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.integrations.models import Connection
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

if TYPE_CHECKING:
    from apps.core.access import Person


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: Person) -> TicketQuerySet:
        return self.filter(incident__project_id__in=access.project_ids(user))

    def living(self) -> TicketQuerySet:
        """Those that nobody has given up."""
        return self.filter(dead_at=None, connection__enabled=True)


class Ticket(models.Model):
    """An incident's ticket or alarm in another system. `correlation` finds it there again."""

    incident = models.ForeignKey("incidents.Incident", models.CASCADE, related_name="tickets")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="tickets")
    correlation = models.CharField(max_length=80, unique=True)
    key = models.CharField(max_length=80, blank=True)
    label = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=500, blank=True)
    remote_status = models.CharField(max_length=100, blank=True)
    remote_priority = models.CharField(max_length=100, blank=True)
    remote_assignee = models.CharField(max_length=200, blank=True)
    remote_closed = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True)
    # By field what both sides had when they were last the same: [ours, theirs].
    agreed = models.JSONField(default=dict)
    # Fields that stay apart, with the sentence why.
    apart = models.JSONField(default=dict)
    # Each wish to look counts up; a look notes which one it answered.
    asked = models.PositiveBigIntegerField(default=0)
    answered = models.PositiveBigIntegerField(default=0)
    # An opening was tried: what it opened may not be found at once.
    opening_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)
    writes = models.PositiveIntegerField(default=0)
    writes_since = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "connection"], name="incidents_ticket_once")
        ]
        indexes = [
            models.Index(fields=["connection", "key"], name="incidents_ticket_key"),
            models.Index(fields=["seen_at"], name="incidents_ticket_seen"),
        ]

    def __str__(self) -> str:
        return self.label or self.key or self.correlation

    @property
    def shown_state(self) -> str:
        """Under which name badges know it."""
        if self.dead_at:
            return "given_up"
        if not self.key:
            return "pending"
        return "closed" if self.remote_closed else "open"


class TicketPost(models.Model):
    """A comment or a file on its way out, until it is there or was given up."""

    class Kind(models.TextChoices):
        COMMENT = "comment"
        EVIDENCE = "evidence"

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        GIVEN_UP = "given_up"

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="posts")
    kind = models.CharField(max_length=10, choices=Kind)
    # Stands in the remote record: the same key is the same comment or file.
    key = models.CharField(max_length=80)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    remote_id = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "key"], name="incidents_ticket_post_once")
        ]

    def __str__(self) -> str:
        return self.key


class TicketComment(models.Model):
    """What somebody wrote there."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="comments")
    remote_id = models.CharField(max_length=80)
    author = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    at = models.DateTimeField()
    taken_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "remote_id"], name="incidents_ticket_comment_once"
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class TicketConflictQuerySet(models.QuerySet["TicketConflict"]):
    def visible_to(self, user: Person) -> TicketConflictQuerySet:
        found = self.filter(ticket__incident__project_id__in=access.project_ids(user))
        return found.select_related("ticket__incident__project", "ticket__connection")


class TicketConflict(models.Model):
    """A field that changed on both sides. A person says which value counts."""

    class Kept(models.TextChoices):
        OURS = "ours", "The portal's"
        THEIRS = "theirs", "The ticket's"
        SAME = "same", "Both became the same"

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="conflicts")
    field = models.CharField(max_length=20)
    ours = models.CharField(max_length=200, blank=True)
    theirs = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    kept = models.CharField(max_length=10, choices=Kept, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = TicketConflictQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "field"],
                condition=Q(settled_at=None),
                name="incidents_ticket_conflict_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.ticket}"


class TicketMappingQuerySet(InProjectQuerySet["TicketMapping"]):
    """Visible to the members of their project."""


class TicketMapping(models.Model):
    """How a project's incidents and the tickets behind one connection speak of the same things."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="ticket_mappings")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="ticket_mappings")
    settings = models.JSONField(default=dict)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    objects = TicketMappingQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "connection"], name="incidents_ticket_mapping_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project} and {self.connection}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:mapping", args=[self.connection_id, self.project.slug])
