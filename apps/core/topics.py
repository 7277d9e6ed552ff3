"""What a page about jobs may listen to."""

from __future__ import annotations

from apps.core import access, live
from apps.core.access import Person, Role
from apps.core.models import Job


def _job(user: Person, key: str) -> bool:
    return key.isdigit() and Job.objects.visible_to(user).filter(pk=int(key)).exists()


def _own_jobs(user: Person, key: str) -> bool:
    limits = getattr(user, "limits", None)
    narrowed = limits is not None and limits.project_ids is not None
    return key == str(user.pk) and bool(user.is_active) and not narrowed


def _jobs_of_project(user: Person, key: str) -> bool:
    # A bigint at most: what is longer is nobody's project.
    return key.isdigit() and len(key) < 19 and access.allows(user, int(key), Role.VIEWER)


live.topic("job", _job)
live.topic("jobs", _own_jobs)
live.topic("project_jobs", _jobs_of_project)
