"""What people write during an incident; what a note said before is kept."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.incidents.errors import NotYours
from apps.incidents.models import Incident, Note, NoteRevision
from apps.incidents.services.changes import noted
from apps.incidents.services.pictures import File, keep, refuse_too_much


@transaction.atomic
def add_note(
    *, incident: Incident, text: str, by: AbstractUser, pictures: Sequence[File] = ()
) -> Note:
    """Write something down, with pictures where words are not enough."""
    refuse_too_much(incident, pictures)
    note = Note.objects.create(incident=incident, text=text, by_id=by.pk)
    keep(note, files=pictures, by=by)
    noted(incident, verb="incidents.noted", by=by, note=note.pk, pictures=len(pictures))
    return note


@transaction.atomic
def edit_note(*, note: Note, text: str, by: AbstractUser) -> Note:
    """Say it better. Only who wrote it may, and what it said stays readable."""
    row = Note.objects.select_for_update().select_related("incident").get(pk=note.pk)
    if row.by_id != by.pk:
        raise NotYours
    if row.text == text:
        return row
    NoteRevision.objects.create(note=row, text=row.text, at=row.edited_at or row.at)
    row.text, row.edited_at = text, timezone.now()
    row.save(update_fields=["text", "edited_at"])
    noted(row.incident, verb="incidents.note_edited", by=by, note=row.pk)
    return row
