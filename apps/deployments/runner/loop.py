"""Look at every replica of this node and bring it one step nearer to what is wanted."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from apps.core.errors import PortalError
from apps.deployments import services
from apps.deployments.models import Replica
from apps.deployments.runner import servers
from apps.deployments.runner.environments import Environments, Source
from apps.deployments.runner.fetching import Fetcher
from apps.deployments.runner.servers import Wanted
from apps.deployments.runner.tidying import tidy
from apps.deployments.selectors import config_of
from apps.deployments.server import limits
from apps.models.servers import lives_elsewhere

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
TIDY_SECONDS = 3600.0
MOST_STARTS = 3
START_LIMIT = timedelta(minutes=5)
FETCHING = "Bringing the model's files"
RESTARTING = "It is started anew, as somebody asked"
WAITING_TO_RESTART = "It is started anew once the others are ready"
BUILDING = "Building the model's environment"
State = Replica.State


class Runner:
    """Runs the model servers that the database wants on this node."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.node = socket.gethostname()
        self.environ = environ
        self.stopping = False
        self.tidied_at = -TIDY_SECONDS
        self.fetcher = Fetcher()
        self.environments = Environments(Path(settings.DATA_DIR) / "environments")

    def run(self) -> None:
        """Look again and again until asked to stop, then stop every model server."""
        while not self.stopping:
            try:
                self.look()
                self._tidy()
            except DatabaseError as error:
                # The model servers go on meanwhile; the next look finds them again.
                logger.warning("The database is away: %s", error)
                connection.close()
            time.sleep(LOOK_SECONDS)
        self.stop_all()

    def look(self) -> None:
        """One round over the replicas of this node."""
        here = Replica.objects.filter(node="", release__deployment__connection=None)
        here.update(node=self.node)
        mine = Replica.objects.filter(node=self.node).exclude(state=State.FAILED, pid=None)
        for replica in mine.select_related(
            "release__deployment__project", "release__version__model", "release__configuration"
        ):
            self._step(replica)

    def _tidy(self) -> None:
        """Once an hour, what nobody needs any more."""
        if time.monotonic() - self.tidied_at >= TIDY_SECONDS:
            tidy(Path(settings.DATA_DIR), now=timezone.now())
            self.tidied_at = time.monotonic()

    def _step(self, replica: Replica) -> None:
        if replica.retired_at is not None:
            self._retire(replica)
        elif not servers.is_ours(replica.pid, replica.pk):
            self._start(replica)
        elif replica.restart_wanted:
            self._restart(replica)
        elif replica.state == State.STARTING:
            self._await(replica)

    def _restart(self, replica: Replica) -> None:
        """Start it anew as somebody asked, once the gateways have stopped sending to it."""
        if replica.state == State.READY and self._others_are_ready(replica):
            services.note_replica(replica.pk, state=State.WANTED, note=RESTARTING)
        elif replica.state == State.READY:
            self._note_wait(replica)
        elif timezone.now() > replica.changed_at + services.DRAIN:
            assert replica.pid is not None
            servers.stop(replica.pid, replica.pk)
            services.note_replica(
                replica.pk, state=State.WANTED, note=RESTARTING, pid=None, restart_wanted=False
            )

    def _others_are_ready(self, replica: Replica) -> bool:
        """One after another: a release of several keeps answering meanwhile."""
        others = replica.release.replicas.filter(retired_at=None).exclude(pk=replica.pk)
        return not others.exclude(state=State.READY).exclude(state=State.FAILED).exists()

    def _note_wait(self, replica: Replica) -> None:
        if replica.note != WAITING_TO_RESTART:
            services.note_replica(replica.pk, state=State.READY, note=WAITING_TO_RESTART)

    def _retire(self, replica: Replica) -> None:
        """Stop a model server once the gateways have stopped sending to it."""
        over = Replica.objects.filter(retired_at__lt=timezone.now() - services.DRAIN)
        # Asked again: a rollback may have taken it over since this round began.
        if not over.filter(pk=replica.pk).exists():
            return
        if replica.pid:
            servers.stop(replica.pid, replica.pk)
        replica.delete()

    def _start(self, replica: Replica) -> None:
        """Start it, or start it again, until it has failed too often."""
        wanted = self._wanted(replica)
        if not self._is_here(replica, wanted):
            return
        if config_of(replica.release).runtime.packages == "own":
            python = self._own_python(replica, wanted)
            if python is None:
                return
            wanted = replace(wanted, python=str(python))
        died = replica.pid is not None
        if died and replica.state == State.STARTING and replica.restarts >= MOST_STARTS:
            self._give_up(replica, servers.last_words(wanted.log))
            return
        if died:
            logger.warning("Model server %s died: %s", replica, servers.last_words(wanted.log))
        port = servers.free_port()
        pid = servers.start(wanted, port)
        note = "The model server died and is started again" if died else "Loading the model"
        restarts = replica.restarts + 1 if died else 0
        services.note_replica(
            replica.pk, state=State.STARTING, note=note, pid=pid, port=port, restarts=restarts
        )

    def _is_here(self, replica: Replica, wanted: Wanted) -> bool:
        """Whether the model's files can be loaded: those on a connected server are brought first."""
        version = replica.release.version
        if wanted.folder.exists() or not lives_elsewhere(version.project_id):
            return True
        try:
            here = self.fetcher.has(version, wanted.folder)
        except PortalError as error:
            self._note_trouble(replica, str(error))
            return False
        if not here and replica.note != FETCHING:
            services.note_replica(
                replica.pk, state=State.STARTING, note=FETCHING, restarts=replica.restarts
            )
        return here

    def _own_python(self, replica: Replica, wanted: Wanted) -> Path | None:
        """The interpreter of the model's own environment, which is built first."""
        try:
            python = self.environments.python(Source(wanted.uri, wanted.folder, wanted.environ))
        except PortalError as error:
            self._note_trouble(replica, f"Its environment cannot be built: {error}")
            return None
        if python is None and replica.note != BUILDING:
            services.note_replica(
                replica.pk, state=State.STARTING, note=BUILDING, restarts=replica.restarts
            )
        return python

    def _note_trouble(self, replica: Replica, reason: str) -> None:
        """Try again, until it has failed too often."""
        if replica.restarts >= MOST_STARTS:
            self._give_up(replica, reason)
            return
        again = replica.restarts + 1
        services.note_replica(replica.pk, state=State.STARTING, note=reason, restarts=again)

    def _await(self, replica: Replica) -> None:
        assert replica.port is not None
        if servers.answers(replica.port):
            services.note_replica(replica.pk, state=State.READY, restarts=0)
        elif timezone.now() > replica.changed_at + START_LIMIT:
            self._give_up(replica, f"it was not ready within {START_LIMIT}")

    def _give_up(self, replica: Replica, reason: str) -> None:
        if replica.pid:
            servers.stop(replica.pid, replica.pk)
        services.note_replica(replica.pk, state=State.FAILED, note=reason, pid=None)

    def _wanted(self, replica: Replica) -> Wanted:
        release = replica.release
        version, project = release.version, release.deployment.project
        config = config_of(release)
        return Wanted(
            replica_id=replica.pk,
            name=version.model.name,
            version=str(version.number),
            uri=f"models:/{version.model.name}/{version.number}",
            folder=Path(settings.DATA_DIR) / "models" / str(version.pk),
            log=Path(settings.DATA_DIR) / "logs" / "models" / f"{replica.pk}.log",
            options=(
                *("--memory-mb", str(config.limits.memory_mb)),
                *("--most-rows", str(config.batching.most_rows)),
                *("--budget-ms", str(config.batching.budget_ms)),
                "--grpc",
            ),
            environ={
                **self.environ,
                **limits.of_threads(config.limits.threads),
                "MLFLOW_TRACKING_URI": settings.MLFLOW_URL,
                "MLFLOW_WORKSPACE": project.slug,
                "MLFLOW_DISABLE_TELEMETRY": "true",
            },
        )

    def stop_all(self) -> None:
        """Stop the model servers of this node; the next runner starts them again."""
        self.fetcher.close()
        self.environments.close()
        for replica in Replica.objects.filter(node=self.node).exclude(pid=None):
            assert replica.pid is not None
            servers.stop(replica.pid, replica.pk)
            services.note_replica(replica.pk, state=State.WANTED, pid=None, port=None)
