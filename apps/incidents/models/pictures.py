"""Pictures in notes."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Person
from apps.incidents.models.incident import Note


class PictureQuerySet(models.QuerySet["Picture"]):
    def visible_to(self, user: Person) -> PictureQuerySet:
        return self.filter(note__incident__project_id__in=access.project_ids(user))


class Picture(models.Model):
    """A picture in a note, such as a screenshot of a chart."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:picture", args=[self.pk])
