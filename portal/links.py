"""How the ledger names the records of the kernel, which stands to its left."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.core.models import Job
from apps.ledger import subjects
from apps.ledger.subjects import Link


def _jobs(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = Job.objects.visible_to(user).filter(pk__in=ids)
    return {str(job.pk): Link(str(job), job.get_absolute_url()) for job in found}


subjects.link("core.job", _jobs)
