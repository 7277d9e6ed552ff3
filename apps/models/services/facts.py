from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import jobs
from apps.core.models import Job
from apps.models import facts
from apps.models.models import ModelVersion

READ_FACTS = "models.read_facts"
# How many versions that went around the portal are looked at in one go.
MOST_MISSING = 20


def ask_for_facts(*, version: ModelVersion, by: AbstractUser | None) -> Job:
    """Let a job read the version's files. Asking twice at once is asking once."""
    return jobs.enqueue(
        READ_FACTS,
        owner=by,
        project_id=version.project_id,
        key=f"{version.pk}",
        version_id=version.pk,
    )


def ask_for_missing_facts() -> int:
    """Let jobs read the files of versions that were registered around the portal; how many."""
    # While MLflow does not answer for a project, its versions wait.
    found = ModelVersion.objects.live().filter(facts=None, project__mlflow__trouble="")
    found = found.order_by("-pk")[:MOST_MISSING]
    return len([ask_for_facts(version=version, by=None) for version in found])


def fail_facts(*, version_id: int) -> None:
    """Its job gave up: keep that, and leave the next try to a person or a gate."""
    if version := ModelVersion.objects.filter(pk=version_id).first():
        facts.give_up(version)
