"""Which processes make a portal, in which order: one more process is one more entry."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portal.embedded.launch import Launch
from portal.embedded.postgres import Postgres
from portal.embedded.redis import Redis
from portal.env import BASE_DIR, Env
from portal.supervisor import probes, settings, sockets
from portal.supervisor.forked import Fork, answers
from portal.supervisor.mlflow import Mlflow
from portal.supervisor.program import Program, Stage, Step
from portal.supervisor.worker_ping import worker_answers

PYTHON = sys.executable
# More than what is due in the same second: while all are taken, the worker looks for messages once a second.
HOUSEKEEPERS = "8"


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done between the stages."""

    prepare: Step
    announce: Step


class Gate:
    """Holds processes that have loaded their code until they may serve; then stays open."""

    def __init__(self) -> None:
        self.readable, self._writable = os.pipe()
        self._is_open = False

    def open(self) -> None:
        if not self._is_open:
            os.close(self._writable)
            self._is_open = True

    def close(self) -> None:
        self.open()
        os.close(self.readable)


@dataclass(slots=True)
class Plan:
    """The programs of one portal and what is kept open for them."""

    env: Env
    gate: Gate = field(default_factory=Gate)
    public: socket.socket = field(init=False)
    private: list[socket.socket] = field(init=False)
    gateway: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.public = sockets.public(self.env.port)
        self.private = [sockets.private() for _ in range(self.env.web_processes)]
        self.gateway = sockets.kept(settings.gateway_port(self.env), what="The gateway")
        if not self.env.mlflow_tracking_uri:
            sockets.require_free(settings.mlflow_port(self.env), what="MLflow")

    def stages(self, steps: Steps) -> Sequence[Stage]:
        return (
            Stage(self.servers()),
            Stage(self.web(), beside=(steps.prepare,), then=(steps.announce,)),
            Stage(self.workers(), waits=False),
            Stage((self.beat(), *self.data_plane(), *self.mlflow()), waits=False),
        )

    def servers(self) -> tuple[Program, ...]:
        """The loaded code; the database and the queue, where none are given."""
        programs = [self.fork_server()]
        if self.env.database_url is None:
            programs.append(postgres(Postgres(self.env.data_dir, self.env.run_dir)))
        if self.env.redis_url is None:
            programs.append(redis(Redis(self.env.data_dir, self.env.run_dir)))
        return tuple(programs)

    def fork_server(self) -> Program:
        """What forks off all the others that run the portal's code."""
        command = (
            PYTHON,
            "-m",
            "portal.supervisor.forkserver",
            str(settings.fork_server(self.env)),
        )
        launch = Launch(
            command=command, environ=settings.for_portal(self.env), folder=str(BASE_DIR)
        )
        return Program(
            name="fork-server",
            launch=lambda: launch,
            probe=probes.blocking(lambda: answers(settings.fork_server(self.env))),
        )

    def web(self) -> tuple[Program, ...]:
        """One process to a core. They share the public socket; each has one of its own beside."""
        return tuple(self._web(number, own=own) for number, own in enumerate(self.private, start=1))

    def workers(self) -> tuple[Program, ...]:
        """Jobs, those that take hours, and the portal's own housekeeping: none holds up the others."""
        housekeeping = ("--pool", "threads", "--concurrency", HOUSEKEEPERS)
        jobs = ("--pool", "prefork", "--concurrency", str(self.env.worker_concurrency))
        return (
            self._worker("worker", queue="default", options=jobs),
            self._worker("long", queue="long", options=jobs),
            self._worker("system", queue="system", options=housekeeping),
        )

    def beat(self) -> Program:
        schedule = str(self.env.run_dir / "beat-schedule")
        options = ("beat", "--schedule", schedule, "--pidfile=", "--loglevel", "WARNING")
        return Program(name="beat", launch=self._celery("beat", *options))

    def data_plane(self) -> tuple[Program, ...]:
        """The gateway that answers predictions, and the runner that keeps model servers."""
        return (
            Program(
                name="gateway",
                launch=self._fork("gateway", "manage.py", "gateway", "--fd", "@0"),
                fds=(self.gateway.fileno(),),
                probe=probes.http(port=settings.gateway_port(self.env), path="/healthz"),
                stop_seconds=30,
            ),
            Program(
                name="runner", launch=self._fork("runner", "manage.py", "runner"), stop_seconds=60
            ),
        )

    def mlflow(self) -> tuple[Program, ...]:
        if self.env.mlflow_tracking_uri:
            return ()
        port = settings.mlflow_port(self.env)
        return (
            Program(
                name="mlflow",
                launch=Mlflow(self.env).prepare,
                probe=probes.http(port=port, path="/health"),
                start_seconds=600,
                probe_every=15,
                probe_seconds=15,
            ),
        )

    def close(self) -> None:
        self.gate.close()
        for bound in (self.public, *self.private, self.gateway):
            bound.close()

    def _web(self, number: int, *, own: socket.socket) -> Program:
        fds = (self.gate.readable, self.public.fileno(), own.fileno())
        return Program(
            name=f"web-{number}",
            launch=self._fork(f"web-{number}", "web", *(f"@{at}" for at in range(len(fds)))),
            fds=fds,
            probe=probes.http(port=own.getsockname()[1], path="/healthz", host=self._host()),
            start_seconds=6 * 3600,  # it waits behind the gate for as long as migrations take
        )

    def _worker(self, name: str, *, queue: str, options: tuple[str, ...]) -> Program:
        node = f"{name}-{self.env.port}@{socket.gethostname()}"
        quiet = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle")
        return Program(
            name=name,
            launch=self._celery(
                name, "worker", "--hostname", node, "--queues", queue, *quiet, *options
            ),
            probe=probes.blocking(worker_answers(self.env.broker_url, node=node)),
            # A worker that waits for a broker that went with the supervisor hears nothing gentler.
            orphan_signal=signal.SIGKILL,
            start_seconds=180,
            probe_every=30,
            probe_seconds=15,
        )

    def _celery(self, title: str, *arguments: str) -> Callable[[], Fork]:
        return self._fork(title, "celery", "-q", "-A", "portal", *arguments)

    def _fork(self, title: str, *arguments: str) -> Callable[[], Fork]:
        return Fork(settings.fork_server(self.env), title, arguments).wait_for_server

    def _host(self) -> str:
        named = [host for host in self.env.allowed_hosts if host.strip(".*")]
        return named[0].lstrip(".") if named else "localhost"


def postgres(server: Postgres) -> Program:
    return Program(
        name="postgres",
        launch=server.prepare,
        probe=probes.blocking(server.ready),
        stop_signal=signal.SIGINT,
        stop_seconds=20,
        orphan_signal=signal.SIGINT,
    )


def redis(server: Redis) -> Program:
    return Program(name="redis", launch=server.prepare, probe=probes.blocking(server.ready))
