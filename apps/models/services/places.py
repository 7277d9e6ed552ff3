from __future__ import annotations

from apps.models import errors
from apps.projects.errors import ProjectArchived
from apps.projects.models import Environment, Project


def check_place(project: Project, environment: Environment) -> None:
    """Refuse an environment of another project, and a project that takes no changes."""
    if environment.project_id != project.pk:
        raise errors.OtherProject(environment=environment.name)
    if project.is_archived:
        raise ProjectArchived(project=project.name)
