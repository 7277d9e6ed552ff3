"""A project's workspace in MLflow: made when the project first needs it."""

from __future__ import annotations

from apps.models import servers
from apps.models.models import Workspace
from apps.models.servers import Server
from apps.models.upstream import Upstream
from apps.projects.models import Project

# What this process has seen to exist; asking again costs MLflow 20 ms a request.
_seen: set[tuple[str, str]] = set()


def ensure(project: Project, server: Server | None = None) -> None:
    """Make sure that the project's MLflow has its workspace. Safe to repeat."""
    server = server or servers.of(project.slug)
    if has_seen(project, server):
        return
    Upstream(project.slug, server).ensure()
    Workspace.objects.get_or_create(project=project)
    _seen.add((server.url, project.slug))


def has_seen(project: Project, server: Server) -> bool:
    """Whether this process knows that the workspace is there."""
    return (server.url, project.slug) in _seen


def forget(project: Project) -> None:
    """MLflow says that it has no such workspace: look again at the next request."""
    _seen.difference_update([place for place in _seen if place[1] == project.slug])
