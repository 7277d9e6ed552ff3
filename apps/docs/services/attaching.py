"""Files beside a document."""

from __future__ import annotations

import hashlib
import re

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Sum

from apps.core.errors import Invalid
from apps.docs import media
from apps.docs.models import Attachment, Document
from apps.ledger.services import record

LARGEST_ATTACHMENT, LARGEST_SUM = (
    10_000_000,
    50_000_000,
)  # bytes of one file, and of all of one document
MOST = 50
_NAME = re.compile(r"[\w][\w .()-]{0,140}\.[A-Za-z0-9]{1,8}")


@transaction.atomic
def attach(*, document: Document, name: str, content: bytes, by: AbstractUser) -> Attachment:
    """Put a file beside a document; one of the same name takes the place of the one before."""
    if not _NAME.fullmatch(name):
        raise Invalid(field="file", reason="its name must be letters, digits, spaces and ().-_")
    media_type = media.type_of(name, content)
    document = Document.objects.select_for_update().get(pk=document.pk)
    _refuse_too_much(document, name, content)
    digest = hashlib.sha256(content).hexdigest()
    told = {"media_type": media_type, "size": len(content), "sha256": digest}
    row, _ = Attachment.objects.update_or_create(
        document=document, name=name, defaults={**told, "content": content, "by_id": by.pk}
    )
    record(
        actor=by, verb="docs.attached", subject=document, project_id=document.project_id,
        data={"name": name, **told},
    )  # fmt: skip
    return row


@transaction.atomic
def detach(*, attachment: Attachment, by: AbstractUser) -> None:
    """Take a file away from its document; the ledger keeps its name and digest."""
    document = attachment.document
    data = {"name": attachment.name, "sha256": attachment.sha256}
    attachment.delete()
    record(
        actor=by, verb="docs.detached", subject=document, project_id=document.project_id, data=data
    )


def _refuse_too_much(document: Document, name: str, content: bytes) -> None:
    others = document.attachments.exclude(name=name)
    if len(content) > LARGEST_ATTACHMENT:
        raise Invalid(field="file", reason=f"at most {LARGEST_ATTACHMENT} bytes")
    if others.count() >= MOST:
        raise Invalid(field="file", reason=f"a document holds at most {MOST} files")
    held = others.aggregate(sum=Sum("size"))["sum"] or 0
    if held + len(content) > LARGEST_SUM:
        raise Invalid(field="file", reason=f"a document's files hold at most {LARGEST_SUM} bytes")
