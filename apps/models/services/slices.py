from __future__ import annotations

from django.db.models import F, Q
from django.utils import timezone

from apps.core.errors import PortalError, Retryable
from apps.models import artifacts
from apps.models.cards import slices
from apps.models.models import ModelVersion, SliceReport

MOST_BYTES = 1_000_000
MOST_VERSIONS = 50  # at one go


def read_slices() -> int:
    """Read the report of slices of versions whose run is new or has changed; answers how many.

    While MLflow does not answer, the rest waits for the next go.
    """
    unread = Q(slice_report=None) | Q(run__seen_at__gt=F("slice_report__read_at"))
    found = ModelVersion.objects.live().filter(unread).exclude(run=None)
    versions = found.select_related("run", "project").order_by("-pk")[:MOST_VERSIONS]
    return sum(_read(version) for version in versions)


def _read(version: ModelVersion) -> bool:
    try:
        rows, trouble = _found(version), ""
    except Retryable:
        return False
    except PortalError as error:
        rows, trouble = [], str(error)[:300]
    SliceReport.objects.update_or_create(
        version=version, defaults={"rows": rows, "trouble": trouble, "read_at": timezone.now()}
    )
    return True


def _found(version: ModelVersion) -> list[dict[str, object]]:
    content = artifacts.read(version, slices.FILE, most=MOST_BYTES)
    return slices.read_file(content) if content is not None else []
