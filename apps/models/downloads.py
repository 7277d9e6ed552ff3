"""A file as the answer of a page or of REST."""

from __future__ import annotations

from django.http import HttpResponse

from apps.models.cards.exports import Exported
from apps.models.models import EvidencePack


def exported(file: Exported) -> HttpResponse:
    """A card as a file."""
    return _attachment(file.content, file.kind, file.name)


def pack(row: EvidencePack) -> HttpResponse:
    """An evidence pack as a file."""
    response = _attachment(bytes(row.content or b""), "application/zip", row.file_name)
    response["X-Content-SHA256"] = row.sha256
    return response


def _attachment(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
