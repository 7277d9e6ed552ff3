"""What people write during an incident; what a note said before is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.incidents.errors import NotYours
from apps.incidents.models import Incident, Note, NoteRevision
from apps.incidents.services.changes import noted
from apps.incidents.services.pictures import File, keep, refuse_too_much, take_out


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
def edit_note(
    *,
    note: Note,
    text: str,
    by: AbstractUser,
    pictures: Sequence[File] = (),
    without: Collection[int] = (),
) -> Note:
    """Say it better, with further pictures and without some. Only who wrote it may.

    What it said stays readable; of a picture that is taken out the ledger keeps the digest.
    """
    refuse_too_much(note.incident, pictures)
    joined = Note.objects.select_for_update(of=["self"]).select_related("incident")
    row = joined.get(pk=note.pk)
    if row.by_id != by.pk:
        raise NotYours
    gone = take_out(row, without)
    keep(row, files=pictures, by=by)
    if row.text != text:
        NoteRevision.objects.create(note=row, text=row.text, at=row.edited_at or row.at)
    elif not (gone or pictures):
        return row
    row.text, row.edited_at = text, timezone.now()
    row.save(update_fields=["text", "edited_at"])
    told = {"pictures": len(pictures), "without": gone}
    noted(row.incident, verb="incidents.note_edited", by=by, note=row.pk, **told)
    return row
