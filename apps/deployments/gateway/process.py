"""The gateway's process: listens, keeps its routes fresh, writes its journal, drains on TERM."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.deployments.gateway import counts, metrics
from apps.deployments.gateway.app import Gateway
from apps.deployments.gateway.callers import Callers, May
from apps.deployments.gateway.counts import Count, Counts
from apps.deployments.gateway.routes import Route
from apps.deployments.gateway.table import Table
from apps.deployments.gateway.tries import Desk
from apps.deployments.gateway.wire import Client, Room
from apps.predictions import journal

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 0.5
TALLY_SECONDS = 5.0
LOOK_SECONDS = 0.02  # how late a time-out may be
DRAIN_SECONDS = 10.0
IDLE_GRACE_SECONDS = 1.0  # in which a kept connection may still ask, and is told to close
SHIPPER_STOP_SECONDS = 15.0
MOST_KEPT_TALLIES = 10_000
# A thread that reads routes may keep the loop waiting no longer than this.
SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Doors:
    """How the gateway asks the portal; each runs in a thread and may raise one of `troubles`."""

    routes: Callable[[], Iterable[Route]]
    may: May
    tally: Callable[[list[Count]], None]
    troubles: tuple[type[Exception], ...]
    shipper: Sequence[str] = ()  # the command that ships the journal


class Process:
    """One gateway on one socket."""

    def __init__(self, doors: Doors, folder: Path) -> None:
        self.doors, self.folder = doors, folder
        self.owned = journal.own(folder)
        journal.recover(folder)
        self.counts = Counts()
        self.journal = journal.Journal(folder)
        self.table = Table(self.counts)
        clock = time.monotonic
        self.desk = Desk(self.journal, self.counts, clock, set())
        callers = Callers(doors.may, doors.troubles)
        self.gateway = Gateway(self.desk, self.table, callers)
        self.room = Room(self.gateway, clock)
        self.stopping, self.closed = asyncio.Event(), asyncio.Event()
        self.untold: list[Count] = []

    async def run(self, listener: socket.socket) -> None:
        """Serve until TERM or INT."""
        sys.setswitchinterval(SWITCH_SECONDS)
        # Nothing here is left to the collector; what was loaded need not be looked at again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stopping.set)
        await self._refresh()
        shipping = asyncio.create_task(self._ship()) if self.doors.shipper else None
        server = await loop.create_server(lambda: Client(self.room), sock=listener, backlog=2048)
        logger.info("gateway listens on %s", listener.getsockname())
        tasks = [
            asyncio.create_task(self._every(REFRESH_SECONDS, self._refresh)),
            asyncio.create_task(self._every(TALLY_SECONDS, self._tally)),
            asyncio.create_task(self._every(1.0, self._second)),
            asyncio.create_task(self._every(LOOK_SECONDS, self._look)),
        ]
        await self.stopping.wait()
        server.close()
        await self._drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.journal.close)
        self.closed.set()
        await self._tally()
        if shipping is not None:
            await shipping
        os.close(self.owned)

    async def _every(self, seconds: float, work: Callable[[], object]) -> None:
        while True:
            await asyncio.sleep(seconds)
            if (doing := work()) is not None:
                await doing  # type: ignore[misc]

    async def _refresh(self) -> None:
        """Read the routes; while the database is away the present ones stay."""
        try:
            self.table.replace(await asyncio.to_thread(lambda: list(self.doors.routes())))
        except self.doors.troubles as error:
            logger.warning("The routes stay as they are: %s", error)

    def _look(self) -> None:
        self.gateway.look(self.desk.clock())

    def _second(self) -> None:
        """What is seen to once a second: slow clients, bad replicas, old segments."""
        now = self.desk.clock()
        for client in list(self.room.clients):
            client.look(now)
        self.table.leave_out(now)
        self.journal.tick()

    async def _tally(self) -> None:
        """Tell the portal what was counted; what it does not take is told with the next."""
        taken = self.counts.take()
        metrics.export(taken, self.counts)
        self.untold = counts.merged([*self.untold, *taken])[:MOST_KEPT_TALLIES]
        if not self.untold:
            return
        telling, self.untold = self.untold, []
        try:
            await asyncio.to_thread(self.doors.tally, telling)
        except self.doors.troubles as error:
            logger.warning("The tallies wait: %s", error)
            self.untold = telling

    async def _ship(self) -> None:
        """Keep the shipper running; it ends by itself when its pipe ends."""
        while not self.closed.is_set():
            command = self.doors.shipper
            child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
            died = asyncio.create_task(child.wait())
            stopped = asyncio.create_task(self.closed.wait())
            await asyncio.wait({died, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not died.done():
                await self._end(child, died)
                return
            logger.warning("The shipper ended with %s and is started again", child.returncode)
            await asyncio.sleep(1)

    async def _end(self, child: asyncio.subprocess.Process, died: asyncio.Task[int]) -> None:
        assert child.stdin is not None
        child.stdin.close()
        done, _ = await asyncio.wait({died}, timeout=SHIPPER_STOP_SECONDS)
        if not done:
            child.kill()
            await died

    async def _drain(self) -> None:
        """Let what is under way finish; who asks meanwhile is answered and told to close."""
        self.room.draining = True
        begun = self.desk.clock()
        while self.room.clients and self.desk.clock() - begun < DRAIN_SECONDS:
            if self.desk.clock() - begun >= IDLE_GRACE_SECONDS:
                for client in list(self.room.clients):
                    client.close_if_idle()
            await asyncio.sleep(0.02)
