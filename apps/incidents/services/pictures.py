"""Pictures in notes: their content says what they are, whatever they are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser

from apps.core.errors import Invalid
from apps.incidents.models import Incident, Note, Picture
from apps.incidents.services.changes import locked

LARGEST_PICTURE, MOST_OF_NOTE, MOST_OF_INCIDENT = 5_000_000, 6, 100  # bytes, pictures, pictures
# What a picture begins with. SVG is no picture here: it may hold scripts.
BEGINS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("image/gif", re.compile(rb"GIF8[79]a")),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent."""

    name: str
    content: bytes


def type_of(content: bytes) -> str:
    """The media type of a picture; `Invalid` for anything else."""
    for media_type, begins in BEGINS:
        if begins.match(content):
            return media_type
    raise Invalid(field="pictures", reason="only PNG, JPEG, WebP and GIF are held")


def keep(note: Note, *, files: Sequence[File], by: AbstractUser) -> None:
    """Put pictures into a note, beside those that it has; runs inside the transaction that writes it."""
    if files and note.pictures.count() + len(files) > MOST_OF_NOTE:
        raise Invalid(field="pictures", reason=f"a note holds at most {MOST_OF_NOTE}")
    Picture.objects.bulk_create(
        [
            Picture(
                note=note,
                name=_called(file.name),
                media_type=type_of(file.content),
                size=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
                content=file.content,
                by_id=by.pk,
            )
            for file in files
        ]
    )


def take_out(note: Note, keys: Collection[int]) -> list[str]:
    """Take pictures out of a note, whose row is held; the digests of those that were there."""
    rows = note.pictures.filter(pk__in=keys)
    digests = list(rows.values_list("sha256", flat=True))
    rows.delete()
    return digests


def refuse_too_much(incident: Incident, files: Sequence[File]) -> None:
    """Refuse what is too large or too many. Comes before the note is written, as it holds the incident."""
    if not files:
        return
    if any(len(file.content) > LARGEST_PICTURE for file in files):
        raise Invalid(field="pictures", reason=f"each has at most {LARGEST_PICTURE} bytes")
    # Held, so that two notes at once do not pass the limit together.
    held = Picture.objects.filter(note__incident=locked(incident)).count()
    if held + len(files) > MOST_OF_INCIDENT:
        raise Invalid(field="pictures", reason=f"an incident holds at most {MOST_OF_INCIDENT}")


def _called(name: str) -> str:
    """The name without what could break a header or a line."""
    return re.sub(r"[^\w .()-]", "_", name.strip())[-150:] or "picture"
