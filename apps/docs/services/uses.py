"""Who a document helped, and when last."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import User
from apps.docs.models import Document, Use


@transaction.atomic
def note_use(*, document: Document, kind: str, by: AbstractUser | None) -> None:
    """Count that somebody opened a document, cited it or worked through it today.

    Not in the ledger: reading changes nothing, and who reads what is nobody's concern later.
    """
    now = timezone.now()
    row, new = Use.objects.get_or_create(
        document=document, user=cast("User | None", by), kind=kind, day=now.date()
    )
    if not new:
        Use.objects.filter(pk=row.pk).update(count=F("count") + 1, at=now)
