from __future__ import annotations

from apps.core.access import Person
from apps.core.models import Job
from apps.models.models import EvidencePack, ModelVersion, ProjectRows
from apps.models.services.packs import PACK


def packs(user: Person, version: ModelVersion) -> ProjectRows[EvidencePack]:
    """The packs of a version that the person may see, newest first, without their bytes."""
    found = EvidencePack.objects.visible_to(user).filter(version=version)
    return found.defer("content").select_related("made_by", "version__model")


def newest(user: Person, version: ModelVersion) -> EvidencePack | None:
    """The newest pack of a version whose bytes are kept."""
    kept = EvidencePack.objects.visible_to(user).filter(version=version).exclude(content=None)
    return kept.select_related("version__model").first()


def packing(version: ModelVersion) -> Job | None:
    """The job that packs the version's evidence now."""
    return Job.objects.active().filter(kind=PACK, key=str(version.pk)).first()
