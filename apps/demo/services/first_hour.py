"""Whether somebody sees the first steps on their home page."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.demo.models import FirstHour
from apps.ledger.services import record


@transaction.atomic
def hide_first_hour(*, by: AbstractUser) -> None:
    """Leave the first steps out of the person's home page. Safe to run twice."""
    row, is_new = FirstHour.objects.get_or_create(user_id=by.pk)
    if is_new:
        record(actor=by, verb="demo.first_hour_hidden", subject=row, project_id=None)


@transaction.atomic
def show_first_hour(*, by: AbstractUser) -> None:
    """Bring the first steps back to the person's home page. Safe to run twice."""
    row = FirstHour.objects.filter(user_id=by.pk).first()
    if row is not None:
        record(actor=by, verb="demo.first_hour_shown", subject=row, project_id=None)
        row.delete()
