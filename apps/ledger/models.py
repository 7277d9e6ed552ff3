from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from apps.core import access

if TYPE_CHECKING:
    from apps.core.access import Person


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: Person) -> EntryQuerySet:
        """What happened in projects the person may see; a site admin sees all of it."""
        if access.is_site_admin(user):
            return self
        return self.filter(project_id__in=access.project_ids(user))

    def about(self, kind: str, pk: object) -> EntryQuerySet:
        return self.filter(Q(subject_kind=kind, subject_id=str(pk)))

    def sealed(self) -> EntryQuerySet:
        """With each entry's place in the chain, as `position` and `hash`."""
        seal = Seal.objects.filter(entry_id=OuterRef("pk"))
        return self.annotate(
            position=Subquery(seal.values("position")), hash=Subquery(seal.values("hash"))
        )

    def with_project(self, user: Person) -> EntryQuerySet:
        """With the slug of each entry's project, where the person may see it."""
        # Projects stand to the right of the ledger: it knows of them what the policy answers.
        known = access.project_ids(user).filter(pk=OuterRef("project_id"))
        return self.annotate(project=Subquery(known.values("slug")[:1]))


class Entry(models.Model):
    """One change of state: who did what to which subject, with ids only and no personal data.

    The database refuses to update or delete it.
    """

    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    token_id = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=80)
    project_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="ledger_time"),
            models.Index(
                fields=["subject_kind", "subject_id", "-at", "-id"], name="ledger_of_subject"
            ),
            models.Index(fields=["project_id", "-at", "-id"], name="ledger_of_project"),
            models.Index(fields=["actor_id", "-at", "-id"], name="ledger_of_actor"),
            models.Index(fields=["verb", "-at", "-id"], name="ledger_of_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_kind} {self.subject_id}"


class Seal(models.Model):
    """An entry's place in the chain: `hash = sha256(previous hash + canonical entry)`."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.position}"


class Unsealed(models.Model):
    """An entry that waits for its seal; the database adds it together with the entry."""

    entry_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"{self.entry_id}"


class Cursor(models.Model):
    """How far one reader has come."""

    name = models.CharField(max_length=80, unique=True)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


class Archive(models.Model):
    """A stretch of the chain that was moved into a signed file; its last hash carries it on."""

    first = models.BigIntegerField()
    last = models.BigIntegerField(unique=True)
    last_hash = models.BinaryField(max_length=32)
    digest = models.CharField(max_length=64)
    location = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class VerificationQuerySet(models.QuerySet["Verification"]):
    def intact(self) -> VerificationQuerySet:
        return self.filter(fault="")


class Verification(models.Model):
    """What one walk along the chain found; `fault` is empty where it held."""

    at = models.DateTimeField(default=timezone.now)
    rows = models.BigIntegerField()
    position = models.BigIntegerField()
    head = models.BinaryField(max_length=32)
    seconds = models.FloatField()
    fault = models.CharField(max_length=20, blank=True)
    broken_position = models.BigIntegerField(null=True)
    broken_entry_id = models.BigIntegerField(null=True)
    sentence = models.CharField(max_length=300, blank=True)

    objects = VerificationQuerySet.as_manager()

    class Meta:
        get_latest_by = "pk"

    def __str__(self) -> str:
        return self.sentence or f"{self.rows} rows hold"

    @property
    def ok(self) -> bool:
        return not self.fault
