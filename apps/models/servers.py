"""Which MLflow server a project lives on: the site's own, or one that a connection leads to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import cast

from django.conf import settings

from apps.core.errors import PortalError
from apps.core.http.client import Auth
from apps.integrations.models import Connection
from apps.integrations.opening import connector
from apps.integrations.ports import TrackingAddress, TrackingServer
from apps.models.errors import MlflowUnusable
from apps.models.models import Home

# A secret that a connection only names is looked up again this often.
SECONDS_KNOWN = 60
CHOOSE = "An owner of the project chooses its server anew under Models, Servers."
REMOVED = f"The connection that led to it was removed. {CHOOSE}"


@dataclass(frozen=True, slots=True)
class Server:
    """One MLflow server as the portal speaks to it."""

    url: str
    auth: Auth | None = field(default=None, repr=False)
    # Without workspaces, everything on the server is one project's.
    workspaces: bool = True
    # Whether somebody entered the address, so that the guard looks at where it leads.
    guarded: bool = False

    def hide(self, text: str) -> str:
        """The text without the credentials, should the server repeat them."""
        secret = self.auth[1] if isinstance(self.auth, tuple) else self.auth
        return text.replace(secret, "***") if secret else text


def site() -> Server:
    """The server of every project that chose no other."""
    return Server(settings.MLFLOW_URL)


def of(workspace: str) -> Server:
    """The server that keeps the project of this name."""
    found = Home.objects.filter(project__slug=workspace).select_related("connection").first()
    return site() if found is None else _connected(found)


def lives_elsewhere(project_id: int) -> bool:
    """Whether a connection leads to the project's server."""
    return Home.objects.filter(project_id=project_id).exists()


def behind(address: TrackingAddress, *, workspaces: bool) -> Server:
    """The server at the address of a connection."""
    return Server(address.url, address.auth, workspaces, guarded=True)


def _connected(home: Home) -> Server:
    """The server of a home; where the connection is not what it was, none: never another one."""
    row = home.connection
    if row is None:
        raise MlflowUnusable(reason=REMOVED)
    if not row.enabled:
        raise MlflowUnusable(reason="The connection that leads to it is disabled. Enable it.")
    try:
        address = _opened(row.pk, row.updated_at, int(monotonic()) // SECONDS_KNOWN)
    except PortalError as error:
        raise MlflowUnusable(reason=str(error)) from error
    if address.url != home.url:
        raise MlflowUnusable(
            reason=f"The connection that led to it has another address now. {CHOOSE}"
        )
    return behind(address, workspaces=home.workspaces)


@lru_cache(maxsize=64)
def _opened(pk: int, updated_at: datetime, minute: int) -> TrackingAddress:
    """The address with its secrets, opened once for each state of the connection and each minute."""
    row = Connection.objects.filter(pk=pk).first()
    if row is None:
        raise MlflowUnusable(reason=REMOVED)
    return cast(TrackingServer, connector(row)).address
