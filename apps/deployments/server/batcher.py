"""Requests of one moment, gathered for one worker thread."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from apps.deployments.server.answers import Answer, Asked, BadInput

logger = logging.getLogger(__name__)

FAILED = 70
MOST_WAITING = 4096
MOST_WAITING_BYTES = 512 * 1024 * 1024

Score = Callable[[Sequence[Asked]], list[Answer]]
Batch = list[Asked]


class Batcher:
    """Hands what waits to the worker whenever the worker is free.

    It waits for more only while others are likely to come: when the last batch was of several, until as many are
    there again, and never longer than the budget or than the last batch took to score.
    """

    def __init__(self, score: Score, *, most: int, budget_seconds: float) -> None:
        self.score, self.most, self.budget = score, most, budget_seconds
        self.loop = asyncio.get_running_loop()
        self.pending: Batch = []
        self.pending_bytes = 0
        self.working = False
        self.timer: asyncio.Handle | None = None
        self.expected, self.took = 1, 0.0
        self.queue: SimpleQueue[Batch | None] = SimpleQueue()
        # One thread: most models hold the interpreter's lock, and many are not safe to share.
        self.thread = threading.Thread(target=self._work, name="score", daemon=True)
        self.thread.start()

    @property
    def busy(self) -> bool:
        return self.working or bool(self.pending)

    def add(self, asked: Asked) -> None:
        """Score it soon; call this from the loop's thread."""
        size = len(asked.request.body)
        if len(self.pending) >= MOST_WAITING or self.pending_bytes + size > MOST_WAITING_BYTES:
            busy = BadInput("The model server has too much waiting; try again.", status=503)
            asked.reply(asked.door.refuse(busy))
            return
        self.pending.append(asked)
        self.pending_bytes += size
        if not self.working:
            self._plan()

    def _plan(self) -> None:
        wait = min(self.budget, self.took)
        if len(self.pending) >= min(self.expected, self.most) or wait <= 0:
            self._soon()
        elif self.timer is None:
            self.timer = self.loop.call_later(wait, self._flush)

    def _soon(self) -> None:
        """Flush once every connection that is readable now has been read."""
        if isinstance(self.timer, asyncio.TimerHandle):
            self.timer.cancel()
            self.timer = None
        if self.timer is None:
            self.timer = self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self.timer = None
        if self.working or not self.pending:
            return
        batch, self.pending = self.pending[: self.most], self.pending[self.most :]
        self.pending_bytes -= sum(len(asked.request.body) for asked in batch)
        self.working = True
        self.begun = self.loop.time()
        self.queue.put(batch)

    def _done(self, batch: Batch, answers: list[Answer]) -> None:
        self.working = False
        self.took = self.loop.time() - self.begun
        self.expected = len(batch)
        for asked, answer in zip(batch, answers, strict=True):
            asked.reply(answer)
        if self.pending:
            self._plan()

    def _work(self) -> None:
        try:
            while (batch := self.queue.get()) is not None:
                answers = self.score(batch)
                self.loop.call_soon_threadsafe(self._done, batch, answers)
        except BaseException as error:  # noqa: BLE001  without its worker the server would answer nobody
            # The runner starts it again and notes this line.
            logger.critical("The model server ends: %s: %s", type(error).__name__, error)
            os._exit(FAILED)

    def close(self) -> None:
        """Let the worker end once it has nothing more to score."""
        self.queue.put(None)
        self.thread.join(timeout=1.0)
