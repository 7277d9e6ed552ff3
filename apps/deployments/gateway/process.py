"""The gateway's process: listens, keeps its routes fresh, ships its journal, drains on TERM."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from apps.deployments.gateway.app import Gateway
from apps.deployments.gateway.callers import Callers, May
from apps.deployments.gateway.routes import Route, Table
from apps.deployments.gateway.wire import ClientConnection
from apps.predictions import journal

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 0.5
SHIP_SECONDS = 0.5
DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Doors:
    """How the gateway asks the portal; each runs in a thread and may raise one of `troubles`."""

    routes: Callable[[], Iterable[Route]]
    may: May
    take_in: Callable[[str, Iterable[bytes]], None]
    troubles: tuple[type[Exception], ...]


class Process:
    """One gateway on one port."""

    def __init__(self, doors: Doors, folder: Path) -> None:
        self.doors, self.folder = doors, folder
        journal.recover(folder)
        self.journal = journal.Journal(folder)
        self.table = Table()
        self.connections: set[ClientConnection] = set()
        self.gateway = Gateway(self.table, Callers(doors.may), self.journal)
        self.stopping = asyncio.Event()

    async def run(self, host: str, port: int) -> None:
        """Serve until TERM or INT."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stopping.set)
        await self._refresh()
        server = await loop.create_server(self._connection, host, port, backlog=1024)
        logger.info("gateway listens on %s:%s", host, port)
        tasks = [
            asyncio.create_task(self._every(REFRESH_SECONDS, self._refresh)),
            asyncio.create_task(self._every(SHIP_SECONDS, self._ship)),
        ]
        await self.stopping.wait()
        server.close()
        await self._drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.journal.close)
        await self._ship()

    def _connection(self) -> ClientConnection:
        return ClientConnection(self.gateway.handle, self.connections)

    async def _every(self, seconds: float, work: Callable[[], object]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await work()  # type: ignore[misc]

    async def _refresh(self) -> None:
        """Read the routes; while the database is away the present ones stay."""
        try:
            self.table.replace(await asyncio.to_thread(lambda: list(self.doors.routes())))
        except self.doors.troubles as error:
            logger.warning("The routes stay as they are: %s", error)

    async def _ship(self) -> None:
        """Hand sealed segments to the portal, oldest first; what it does not take stays."""
        if not self.stopping.is_set():
            await self.journal.tick()
        for segment in journal.sealed(self.folder):
            try:
                await asyncio.to_thread(self._hand_over, segment)
            except self.doors.troubles as error:
                logger.warning("The journal waits: %s", error)
                return

    def _hand_over(self, segment: Path) -> None:
        self.doors.take_in(segment.stem, journal.frames(segment))
        segment.unlink()

    async def _drain(self) -> None:
        """Let what is under way finish; close what is idle."""
        end = asyncio.get_running_loop().time() + DRAIN_SECONDS
        for connection in list(self.connections):
            if connection.answering is None:
                connection.close()
        while self.connections and asyncio.get_running_loop().time() < end:
            for connection in list(self.connections):
                if connection.answering is None:
                    connection.close()
            await asyncio.sleep(0.02)
