"""Who asks, for which project, and whether their role reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.core.errors import NotFound
from apps.models import servers
from apps.models.proxy import page, refusals, routes
from apps.models.proxy.ask import Ask
from apps.models.proxy.caller import caller
from apps.models.proxy.routes import Route
from apps.models.servers import Server
from apps.projects.models import Project, ProjectQuerySet

WORKSPACE = b"x-mlflow-workspace"


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on: as whom, where, along which route. Without a route: the portal's own answer."""

    user: User
    server: Server
    project: Project | None = None
    route: Route | None = None
    answer: dict[str, Any] | None = None


def admit(ask: Ask) -> Admission:
    """Let the request in, or raise the refusal."""
    user = caller(ask)
    if _is_workspaces(ask):
        return Admission(user, servers.site(), answer=_workspaces(ask, user))
    route = routes.match(ask.method, ask.path)
    if route is None:
        raise refusals.unknown(f"{ask.method} {ask.path[:200]}")
    if route.needs is None:
        raise refusals.closed(ask.path[:200])
    if not route.in_project:
        return Admission(user, servers.site(), route=route, answer=_told_the_page(ask, user))
    project = _project(ask, user)
    access.require(user, project.pk, route.needs)
    if project.is_archived and route.needs > Role.VIEWER:
        raise refusals.denied(f"The project {project.slug} is archived and takes no changes.")
    _refuse_other_folders(ask, project)
    return Admission(user, servers.of(project.slug), project, route)


def _project(ask: Ask, user: User) -> Project:
    """The project that the client names, or the only one it can mean."""
    visible = Project.objects.visible_to(user)
    if wanted := ask.header(WORKSPACE):
        if (named := visible.filter(slug=wanted).first()) is None:
            raise NotFound(what=f"workspace {wanted[:80]!r} for you")
        return named
    written = Project.objects.visible_to(user, Role.CONTRIBUTOR)
    return _only(written) or _only(visible) or _ambiguous(visible)


def _only(found: ProjectQuerySet) -> Project | None:
    some = list(found.live().order_by("pk")[:2])
    return some[0] if len(some) == 1 else None


def _ambiguous(visible: ProjectQuerySet) -> Project:
    names = list(visible.live().order_by("slug").values_list("slug", flat=True)[:50])
    if not names:
        raise refusals.denied("You hold no role in any project. An owner of one can give it.")
    raise refusals.unusable(
        f"Say which project: set MLFLOW_WORKSPACE to one of: {', '.join(names)}"
    )


def _refuse_other_folders(ask: Ask, project: Project) -> None:
    """A path of an artifact that names a workspace names this project's own."""
    _, found, rest = routes.plain_path(ask.path).partition("/workspaces/")
    if found and rest.partition("/")[0] != project.slug:
        raise refusals.absent("The artifact")


def _workspaces(ask: Ask, user: User) -> dict[str, Any]:
    """MLflow's workspaces are the projects that this person may see."""
    if ask.method != "GET":
        raise refusals.denied("A workspace is a project of the portal: create and change it there.")
    visible = Project.objects.visible_to(user).order_by("slug")
    name = routes.plain_path(ask.path).removeprefix(routes.WORKSPACES).strip("/")
    if not name:
        return {"workspaces": [_workspace(each) for each in visible]}
    if (found := visible.filter(slug=name).first()) is None:
        raise NotFound(what=f"workspace {name[:80]!r} for you")
    return {"workspace": _workspace(found)}


def _workspace(project: Project) -> dict[str, str]:
    return {"name": project.slug, "description": project.name}


def _told_the_page(ask: Ask, user: User) -> dict[str, Any] | None:
    """What MLflow's page hears of its server. In its only project it needs no workspace in its links."""
    if routes.plain_path(ask.path) != routes.SERVER_INFO or getattr(user, "limits", None):
        return None
    return page.server_info(workspaces=_only(Project.objects.visible_to(user)) is None)


def _is_workspaces(ask: Ask) -> bool:
    path = routes.plain_path(ask.path)
    return path == routes.WORKSPACES or path.startswith(f"{routes.WORKSPACES}/")
