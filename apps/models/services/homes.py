from __future__ import annotations

from typing import cast

from django.contrib.auth.models import AbstractUser
from django.db import connection as database
from django.db import transaction

from apps.accounts.models import User
from apps.core.errors import PortalError
from apps.integrations.models import Connection
from apps.integrations.opening import connector
from apps.integrations.ports import TrackingServer
from apps.ledger.services import record
from apps.models import errors, holds, servers
from apps.models.choices import ImportState, MirrorChoice, OutOfBandState
from apps.models.mirror import leave
from apps.models.mirror.heal import HEALING
from apps.models.models import (
    Home,
    ModelImport,
    ModelVersion,
    OutOfBandMove,
    Promotion,
    RegisteredModel,
    Run,
    Workspace,
)
from apps.models.servers import Server
from apps.models.upstream import Upstream
from apps.projects.models import Project
from apps.projects.services import changes


def choose_home(
    *, project: Project, connection: Connection | None, by: AbstractUser, mirror: str = ""
) -> Home | None:
    """Let the project live on a connected server, or with `None` on the site's own. Safe to repeat.

    The server is asked before anything is locked: a slow one keeps nobody waiting.
    """
    server = servers.site() if connection is None else _found(project, connection)
    return _settle(project, connection, server, by=cast(User, by), mirror=mirror)


def _found(project: Project, connection: Connection) -> Server:
    """The server behind the connection, once it has answered as one that would have the project."""
    try:
        tracking = cast(TrackingServer, connector(connection))
        server = servers.behind(tracking.address, workspaces=tracking.has_workspaces())
        mlflow = Upstream(project.slug, server)
        mlflow.ensure()
        mlflow.get("2.0/mlflow/experiments/search", max_results=1)
    except PortalError as error:
        raise errors.HomeRefused(reason=str(error)) from error
    return server


@transaction.atomic
def _settle(
    project: Project, connection: Connection | None, server: Server, *, by: User, mirror: str
) -> Home | None:
    row = changes.live(project.pk)
    before = Home.objects.filter(project=row).select_related("connection").first()
    if _is_same(before, connection, server):
        return before
    _keep_healers_out()
    _check_alone(row, server)
    _clear(row, mirror, by)
    after = _stored(row, connection, server, by)
    Workspace.objects.update_or_create(project=row, defaults={"healed_at": None, "trouble": ""})
    data = {
        "connection": [before and before.connection_id, connection and connection.pk],
        "mirror": mirror,
    }
    record(actor=by, verb="models.home_chosen", subject=row, project_id=row.pk, data=data)
    return after


def _is_same(before: Home | None, connection: Connection | None, server: Server) -> bool:
    if before is None or connection is None:
        return before is None and connection is None
    there = (before.connection_id, before.url, before.workspaces)
    return there == (connection.pk, server.url, server.workspaces)


def _keep_healers_out() -> None:
    """Nobody brings the mirror level with the old server while it is put away."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (HEALING,))
        if not cursor.fetchone()[0]:
            raise errors.MirrorBusy


def _check_alone(project: Project, server: Server) -> None:
    """Without workspaces a server serves one project. The healers' lock keeps a second chooser out."""
    others = Home.objects.filter(url=server.url).exclude(project=project)
    if server.guarded and not server.workspaces and others.exists():
        raise errors.HomeTaken


def _clear(project: Project, mirror: str, by: User) -> None:
    """Let nothing of the present server's be taken for the next one's."""
    if what := _underway(project):
        raise errors.StillUnderway(what=what)
    if mirror == MirrorChoice.KEEP:
        return
    runs = Run.objects.filter(project=project).active().count()
    models = RegisteredModel.objects.live().filter(project=project).count()
    if (runs or models) and mirror != MirrorChoice.REBUILD:
        raise errors.MirrorFilled(runs=runs, models=models)
    versions = list(ModelVersion.objects.live().filter(project=project).select_related("model"))
    if holders := holds.serving(versions):
        raise errors.StillHeld(name=project.name, holders=", ".join(holders[:5]))
    leave.leave(project, by=by)


def _underway(project: Project) -> str:
    """What would end on another server than it began on."""
    coming = ModelImport.objects.filter(
        project=project, state__in=[ImportState.QUEUED, ImportState.RUNNING]
    )
    going_back = OutOfBandMove.objects.filter(project=project, state=OutOfBandState.REVERTING)
    if Promotion.objects.filter(project=project).open().exists():
        return "Promotions"
    if coming.exists():
        return "Imports"
    return "Reverts of moved aliases" if going_back.exists() else ""


def _stored(
    project: Project, connection: Connection | None, server: Server, by: User
) -> Home | None:
    if connection is None:
        Home.objects.filter(project=project).delete()
        return None
    chosen = {"connection": connection, "url": server.url, "workspaces": server.workspaces}
    row, _ = Home.objects.update_or_create(project=project, defaults={**chosen, "chosen_by": by})
    return row
