from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.core import access
from apps.core.access import Person, Role
from apps.incidents.models.incident import Incident


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> PackQuerySet:
        """Those of incidents of projects where the person holds at least this role."""
        return self.filter(incident__project_id__in=access.project_ids(user, at_least))


class Pack(models.Model):
    """What code knew about an incident at one moment. A new one is made only where something differs.

    `states` holds how each gatherer fared: `{name, what, items, seconds, trouble}`.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="packs")
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=200)
    seconds = models.FloatField()
    states = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    built_at = models.DateTimeField(default=timezone.now)
    # The last time that it was looked at again and nothing differed.
    checked_at = models.DateTimeField(default=timezone.now)

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incidents_pack_number"),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="incidents_pack_counts_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"Pack {self.number} of {self.incident}"

    @property
    def troubled(self) -> list[str]:
        """What could not be looked at."""
        return [each["what"] for each in self.states if each.get("trouble")]


class Evidence(models.Model):
    """One fact about an incident, gathered by code, with the record it comes from."""

    pack = models.ForeignKey(Pack, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=80)
    title = models.CharField(max_length=300)
    text = models.TextField()
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "position"], name="incidents_evidence_position")
        ]

    def __str__(self) -> str:
        return self.title
