"""Keeps one program running: starts it, asks how it is, starts it again when it died."""

from __future__ import annotations

import asyncio
import time

from portal.embedded.launch import CannotStart
from portal.supervisor.backoff import Backoff
from portal.supervisor.child import Child
from portal.supervisor.program import Program, StartFailed
from portal.supervisor.status import State, StatusFile
from portal.supervisor.voice import Voice

TRIES_TO_START = 3


class Keeper:
    """The life of one program over all its processes."""

    def __init__(self, program: Program, *, status: StatusFile, voice: Voice) -> None:
        self.program = program
        self.status = status
        self.voice = voice
        self.backoff = Backoff()
        self.restarts = 0
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._was_ready = False
        self._settled = asyncio.Event()  # it was ready once, or there is no hope that it will be
        self._message = ""

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=self.program.name)

    async def ready(self) -> None:
        """Wait until it was ready once; raise when it keeps dying before that."""
        await self._settled.wait()
        if not self._was_ready:
            raise StartFailed(f"{self.program.name} does not start: {self._message}")

    async def stop(self) -> None:
        """End the process and keep it ended."""
        self._stopping = True
        self._see(state=State.STOPPING)
        if self._child is not None:
            await self._child.stop(self.program.stop_signal, seconds=self.program.stop_seconds)
        if self._task is not None:
            # A process may have begun while its predecessor was being ended.
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._child is not None:
            await self._child.stop(self.program.stop_signal, seconds=0)
        self._see(state=State.STOPPED, pid=None)

    async def _keep(self) -> None:
        while not self._stopping:
            lasted = await self._one_life()
            if self._stopping:
                return
            self.restarts += 1
            if not self._was_ready and self.restarts >= TRIES_TO_START:
                self._settled.set()
            pause = self.backoff.pause(lasted=lasted)
            words = f"{self._message}; starting again in {pause:.1f} s"
            self._see(state=State.RESTARTING, restarts=self.restarts, message=words, pid=None)
            self.voice.say(f"{self.program.name} {words}")
            await asyncio.sleep(pause)

    async def _one_life(self) -> float:
        """Start it and wait for its end; answer how long it lasted."""
        self._see(state=State.STARTING)
        try:
            launch = await asyncio.to_thread(self.program.launch)
            if self._stopping:
                return 0.0
            child = Child(
                launch,
                hear=lambda words: self.voice.line(self.program.name, words),
                fds=self.program.fds,
                orphan_signal=self.program.orphan_signal,
            )
        except (CannotStart, OSError) as error:
            self._message = str(error)
            return 0.0
        return await self._watch(child)

    async def _watch(self, child: Child) -> float:
        self._child = child
        self._see(pid=child.pid, message="")
        probing = asyncio.create_task(self._probe(child))
        try:
            ended = await child.wait()
        finally:
            probing.cancel()
        self._message = f"died ({ended})" + (f": {child.last_words}" if child.last_words else "")
        self._see(last_exit=ended)
        return child.lasted

    async def _probe(self, child: Child) -> None:
        """Ask it how it is until its end; end it when it stays silent for too long."""
        began, silences, ready = time.monotonic(), 0, False
        while True:
            if await self._is_well():
                silences, ready = 0, True
                self._say_ready()
            elif ready:
                silences += 1
                self._see(state=State.UNWELL, message=f"silent for {silences} probes")
            too_long = silences > self.program.patience
            never = not ready and time.monotonic() - began > self.program.start_seconds
            if too_long or never:
                self.voice.say(f"{self.program.name} does not answer and is ended")
                await child.stop(self.program.stop_signal, seconds=self.program.stop_seconds)
                return
            await asyncio.sleep(self.program.probe_every if ready else 0.1)

    async def _is_well(self) -> bool:
        try:
            async with asyncio.timeout(self.program.probe_seconds):
                return await self.program.probe()
        except TimeoutError:
            return False
        except Exception as error:  # noqa: BLE001  A probe that breaks must not end the watch.
            self.voice.say(f"{self.program.name} cannot be asked how it is: {error!r}")
            return False

    def _say_ready(self) -> None:
        if self._was_ready and self.status.seen[self.program.name].state == State.STARTING:
            self.voice.say(f"{self.program.name} is back")
        self._was_ready = True
        self._see(state=State.RUNNING, message="")
        self._settled.set()

    def _see(self, **fields: object) -> None:
        if not self._stopping or fields.get("state") in {State.STOPPING, State.STOPPED}:
            self.status.change(self.program.name, **fields)
