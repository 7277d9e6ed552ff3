from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import Conflict
from apps.core.models import Job
from apps.ledger.services import record
from apps.models.models import EvidencePack, ModelVersion

PACK = "models.pack_evidence"
LARGEST = 256 * 1024 * 1024


def request_evidence(*, version: ModelVersion, by: AbstractUser) -> Job:
    """Have the evidence about a version packed; one job at a time for each version."""
    return jobs.enqueue(
        PACK,
        owner=by,
        project_id=version.project_id,
        key=str(version.pk),
        version_id=version.pk,
        by_id=by.pk,
    )


@transaction.atomic
def keep_pack(*, version: ModelVersion, content: bytes, by_id: int | None) -> EvidencePack:
    """Keep a pack, and its digest in the ledger, by which anybody can tell it again."""
    if len(content) > LARGEST:
        raise Conflict(reason=f"The pack takes {len(content)} bytes; {LARGEST} are kept at most.")
    row = EvidencePack.objects.create(
        project=version.project,
        version=version,
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        made_by_id=by_id,
    )
    record(
        actor=row.made_by,
        verb="models.evidence_packed",
        subject=version,
        project_id=row.project_id,
        data={"pack": row.pk, "sha256": row.sha256, "size": row.size},
    )
    return row


def forget_packs() -> int:
    """Let the bytes of old packs go; answers how many. That they were made stays."""
    before = timezone.now() - timedelta(days=settings.EVIDENCE_KEEP_DAYS)
    old = EvidencePack.objects.filter(made_at__lt=before).exclude(content=None)
    return old.update(content=None)
