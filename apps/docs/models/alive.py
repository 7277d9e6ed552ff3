from __future__ import annotations

from django.db import models
from django.utils import timezone

from apps.accounts.models import User
from apps.docs.models.documents import Document


class Attachment(models.Model):
    """A file beside a document."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["document", "name"], name="docs_attachment_once")
        ]

    def __str__(self) -> str:
        return self.name


class LinkCheck(models.Model):
    """One link of a document and what was found at its end."""

    class State(models.TextChoices):
        OK = "ok"
        BROKEN = "broken"
        UNKNOWN = "unknown"  # the other side did not answer; nothing is said about the link

    document = models.ForeignKey(Document, models.CASCADE, related_name="links")
    url = models.CharField(max_length=2000)
    state = models.CharField(max_length=8, choices=State, default=State.UNKNOWN)
    reason = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    checked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["url"]
        constraints = [models.UniqueConstraint(fields=["document", "url"], name="docs_link_once")]
        indexes = [models.Index(fields=["due_at"], name="docs_link_due")]

    def __str__(self) -> str:
        return self.url


class Use(models.Model):
    """One person used a document in one way on one day, so many times."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        CITED = "cited"
        WORKED = "worked", "worked through"

    document = models.ForeignKey(Document, models.CASCADE, related_name="uses")
    # None where no person stood behind it, such as an incident that shows its runbook.
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    day = models.DateField()
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(default=timezone.now)  # the last time

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "user", "kind", "day"],
                nulls_distinct=False,
                name="docs_use_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.day}"
