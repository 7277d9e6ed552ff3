"""Starts the stages in order, keeps them running, and stops them in reverse."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

from portal.supervisor.keeper import Keeper
from portal.supervisor.program import Stage, StartFailed
from portal.supervisor.status import StatusFile
from portal.supervisor.voice import Voice


class Supervisor:
    """Runs until it is asked to stop, or until the portal cannot start."""

    def __init__(self, stages: Sequence[Stage], *, status: StatusFile, voice: Voice) -> None:
        self.stages = stages
        self.status = status
        self.voice = voice
        self._kept: list[list[Keeper]] = []
        self._asked_to_stop = asyncio.Event()

    async def run(self) -> int:
        """Answer the exit status."""
        self._listen()
        starting = asyncio.create_task(self._start())
        try:
            return await self._until_stopped(starting)
        finally:
            starting.cancel()
            await asyncio.wait([starting])
            await self._stop()

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup wants it to go on
                loop.add_signal_handler(number, self._asked_to_stop.set)

    async def _until_stopped(self, starting: asyncio.Task[None]) -> int:
        stopped = asyncio.create_task(self._asked_to_stop.wait())
        await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            if isinstance(error := starting.exception(), StartFailed):
                self.voice.say(str(error))
                stopped.cancel()
                return 1
            starting.result()
        await stopped
        self.voice.say("stopping")
        return 0

    async def _start(self) -> None:
        for stage in self.stages:
            keepers = [
                Keeper(program, status=self.status, voice=self.voice) for program in stage.programs
            ]
            self._kept.append(keepers)
            for keeper in keepers:
                keeper.start()
            for step in stage.beside:
                await step()
            if stage.waits:
                await _all_ready(keepers)
            for step in stage.then:
                await step()

    async def _stop(self) -> None:
        for keepers in reversed(self._kept):
            if keepers:
                await asyncio.wait([asyncio.create_task(keeper.stop()) for keeper in keepers])


async def _all_ready(keepers: Sequence[Keeper]) -> None:
    """Wait for all; the first that has no hope ends the wait."""
    waiting = [asyncio.create_task(keeper.ready()) for keeper in keepers]
    try:
        for done in asyncio.as_completed(waiting):
            await done
    finally:
        for task in waiting:
            task.cancel()
