"""One connection, asked in the words of releases."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from apps.core.errors import PortalError
from apps.core.http import permitted
from apps.deployments.errors import OnlyObserved
from apps.deployments.models import Deployment
from apps.deployments.targets.comparing import Difference, compare
from apps.integrations.errors import Disabled
from apps.integrations.models import Connection
from apps.integrations.opening import connector
from apps.integrations.ports import ClusterRuntime, LogPart, Observed, Server, Workload


def of(deployment: Deployment) -> Target | None:
    """The deployment's target; none where this machine's runner serves it."""
    return Target(deployment.connection) if deployment.connection else None


def changes(connection: Connection) -> bool:
    """Whether the portal may change something there, or looks only."""
    return ClusterRuntime in connection.entry.provides


class Target:
    """Where model servers run that are not processes of this machine."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def start(self, workload: Workload, *, force: bool = False) -> None:
        """Ask for the workload. On an observed target its owner brings the version."""
        if changes(self.connection):
            self._runtime.apply(workload, force=force)

    def observe(self, workload: Workload) -> Observed | None:
        """What runs of the workload; none where there is nothing of it."""
        observed: Observed | None = self._connector.observe(workload)
        return observed

    def servers(self, workload: Workload) -> tuple[Server, ...]:
        """The model servers that hold the wanted version."""
        found = self.observe(workload)
        if found is None or found.version not in {None, workload.version}:
            return ()
        if not changes(self.connection):
            return found.servers * workload.replicas
        return tuple(_guarded(server, self.connection.name) for server in found.servers)

    def differences(self, workload: Workload) -> list[Difference]:
        """Where what runs is not what was wanted."""
        image = getattr(self._connector.config, "image", "")
        return compare(workload, self.observe(workload), image)

    def restart(self, workload: Workload) -> None:
        self._runtime.restart(workload)

    def stop(self, workload: Workload) -> None:
        """Remove the workload; what is only observed stays as it is."""
        if changes(self.connection):
            self._runtime.remove(workload)

    def logs(self, workload: Workload, handle: str, *, since: str = "") -> LogPart:
        """What a model server wrote; `since` goes on from an earlier answer."""
        return self._runtime.logs(workload, handle, since=since)

    @property
    def _runtime(self) -> ClusterRuntime:
        if not changes(self.connection):
            raise OnlyObserved(name=self.connection.name)
        runtime: ClusterRuntime = self._connector
        return runtime

    @cached_property
    def _connector(self) -> Any:
        if not self.connection.enabled:
            raise Disabled(name=self.connection.name)
        return connector(self.connection)


def _guarded(server: Server, name: str) -> Server:
    """The server at an address that the portal may connect to.

    Its target names it, and whoever runs the target could name anything. The address that was checked
    is the one that is kept.
    """
    if not server.host:
        return server
    try:
        address = permitted(name, server.host, server.port)[0]
    except PortalError as error:
        return replace(server, ready=False, host="", port=0, note=str(error))
    return replace(server, host=address)
