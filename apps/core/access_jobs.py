"""The only way from a job's id to its row, and who may steer it."""

from __future__ import annotations

from apps.core import access
from apps.core.access import Limits, Person, Role
from apps.core.errors import NotFound, RoleNeeded
from apps.core.models import Job


def job(user: Person, pk: int) -> Job:
    """The job, where the person may see it."""
    found = Job.objects.visible_to(user).select_related("owner", "retry_of").filter(pk=pk)
    if (row := found.first()) is None:
        raise NotFound(what="job")
    return row


def job_to_steer(user: Person, pk: int) -> Job:
    """The job, where the person may cancel or retry it."""
    found = job(user, pk)
    if not may_steer(user, found):
        raise RoleNeeded(needed=_needed(user, found).label, yours=_role(user, found))
    return found


def may_steer(user: Person, job: Job) -> bool:
    """Its owner, the maintainers of its project and site admins; a reading token never."""
    if access.is_site_admin(user):
        return True
    if not _may_write(user):
        return False
    own = job.owner_id == user.pk
    return own or (
        job.project_id is not None and access.allows(user, job.project_id, Role.MAINTAINER)
    )


def _may_write(user: Person) -> bool:
    limits: Limits | None = getattr(user, "limits", None)
    return limits is None or limits.role >= Role.CONTRIBUTOR


def _needed(user: Person, job: Job) -> Role:
    return Role.CONTRIBUTOR if job.owner_id == user.pk else Role.MAINTAINER


def _role(user: Person, job: Job) -> str:
    held = None if job.project_id is None else access.role(user, job.project_id)
    limits: Limits | None = getattr(user, "limits", None)
    return str((held or (limits.role if limits else Role.VIEWER)).label)
