"""A project's workspace in MLflow: made when the project first needs it."""

from __future__ import annotations

from django.conf import settings

from apps.models.models import Workspace
from apps.models.upstream import Upstream
from apps.projects.models import Project

# What this process has seen to exist; asking again costs MLflow 20 ms a request.
_seen: set[tuple[str, str]] = set()


def ensure(project: Project) -> None:
    """Make sure that MLflow has the project's workspace. Safe to repeat."""
    place = (settings.MLFLOW_URL, project.slug)
    if place in _seen:
        return
    Upstream(project.slug).ensure()
    Workspace.objects.get_or_create(project=project)
    _seen.add(place)


def forget(project: Project) -> None:
    """MLflow says that it has no such workspace: look again at the next request."""
    _seen.discard((settings.MLFLOW_URL, project.slug))
