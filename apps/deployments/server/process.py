"""The model server's process: load, warm up, listen, and at TERM finish what was accepted."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import signal
import sys
from typing import Any

from apps.deployments.server.app import ModelServer
from apps.deployments.server.batcher import Batcher
from apps.deployments.server.fetching import fetch
from apps.deployments.server.options import Options
from apps.deployments.server.scoring import Model, load
from apps.deployments.server.wire import Connection


def _optional(module: str, needs: str) -> Any:
    """A module that some environments do without."""
    return importlib.import_module(module) if importlib.util.find_spec(needs) else None


uvloop = _optional("uvloop", "uvloop")  # without it slower
rpc = _optional("apps.deployments.server.rpc", "grpc")

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
QUIET_SECONDS = 0.5  # a connection on which nothing came for so long after TERM is closed
SWITCH_SECONDS = 0.0005


class Process:
    """One model on one port."""

    def __init__(self, model: Model, options: Options) -> None:
        self.model, self.options = model, options
        self.connections: set[Connection] = set()
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until TERM or INT."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stopping.set)
        options = self.options
        batcher = Batcher(
            self.model.score, most=options.most_rows, budget_seconds=options.budget_ms / 1000
        )
        app = ModelServer(self.model, batcher, name=options.name, version=options.version)
        about = f"x-served-version: {options.version}\r\n\r\n".encode()

        def connection() -> Connection:
            return Connection(app.take, about, self.connections)

        server = await loop.create_server(connection, options.host, options.port, backlog=1024)
        calls = self._grpc(app)
        logger.info("%s %s listens on port %s", options.name, options.version, options.port)
        await self.stopping.wait()
        app.draining = True
        if calls is not None:
            await asyncio.to_thread(calls.stop(DRAIN_SECONDS).wait)
        await asyncio.sleep(0)  # whoever has connected by now is accepted first
        server.close()
        await self._drain(batcher)
        batcher.close()

    def _grpc(self, app: ModelServer) -> Any:
        if not self.options.grpc:
            return None
        if rpc is None:
            logger.warning("gRPC is off: grpcio is not installed")
            return None
        server, app.grpc_port = rpc.serve(app, self.options.host)
        return server

    async def _drain(self, batcher: Batcher) -> None:
        """Answer what came; close each connection once nothing has come on it for a moment."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while self.connections and loop.time() < begun + DRAIN_SECONDS:
            for connection in list(self.connections):
                connection.finish()
                if connection.idle and loop.time() > max(connection.used, begun) + QUIET_SECONDS:
                    connection.close()
            await asyncio.sleep(0.02)
        if batcher.busy:
            logger.warning("Some requests were not answered within %s s", DRAIN_SECONDS)


def run(options: Options) -> None:
    """Load the model and serve it."""
    logging.basicConfig(level=logging.INFO)
    # The worker holds the interpreter's lock while it scores; the loop gets it back sooner.
    sys.setswitchinterval(SWITCH_SECONDS)
    model = load(str(fetch(options.uri, options.folder)), most_rows=options.most_rows)
    model.warm_up()

    async def serve() -> None:
        await Process(model, options).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        runner.run(serve())
