"""Where projects live, as a person may know it."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core import access
from apps.core.access import Person, Role
from apps.integrations import selectors as integrations
from apps.integrations.models import ConnectionQuerySet
from apps.integrations.ports import TrackingServer
from apps.models.models import Home, Workspace
from apps.projects import selectors as projects
from apps.projects.models import Project


@dataclass(frozen=True, slots=True)
class Living:
    """One project with the server it lives on: `home` is absent on the site's own."""

    project: Project
    home: Home | None
    mirror: Workspace | None
    may_choose: bool

    @property
    def connection_id(self) -> int | None:
        return self.home.connection_id if self.home else None

    @property
    def words(self) -> str:
        """The server in few words. A site-wide connection is the site admins' own, so it stays unnamed."""
        if self.home is None:
            return "the site's own server"
        row = self.home.connection
        if row is None:
            return "a connection that was removed"
        return "a site-wide connection" if row.project_id is None else row.name

    @property
    def workspaces(self) -> bool:
        return self.home is None or self.home.workspaces


def living(user: Person) -> list[Living]:
    """Each project the person may see, with where it lives."""
    seen = list(projects.projects(user))
    homes = Home.objects.visible_to(user).select_related("connection", "chosen_by")
    by_project = {row.project_id: row for row in homes}
    mirrors = {row.project_id: row for row in Workspace.objects.visible_to(user)}
    return [
        Living(
            project,
            by_project.get(project.pk),
            mirrors.get(project.pk),
            projects.role_of(user, project) >= Role.OWNER,
        )
        for project in seen
    ]


def of(user: Person, project: Project) -> Living:
    """Where one project lives."""
    home = Home.objects.visible_to(user).filter(project=project)
    mirror = Workspace.objects.visible_to(user).filter(project=project).first()
    may = access.allows(user, project.pk, Role.OWNER)
    return Living(project, home.select_related("connection", "chosen_by").first(), mirror, may)


def choices(user: Person, project: Project) -> ConnectionQuerySet:
    """The connections that the person may choose for the project."""
    return integrations.offering(user, project, TrackingServer)
