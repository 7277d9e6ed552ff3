"""Group commit: what many requests tell in the same few milliseconds becomes one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import DataError, Error, InterfaceError, OperationalError, connection

from apps.core.errors import Retryable
from apps.monitoring.alerting import store
from apps.monitoring.alerting.reading import Told

MOST_WAITING = 100_000  # alerts; beyond that a sender is asked to come again


class Full(Retryable):
    code, status = "too_many_alerts", 503
    sentence = "More alerts arrive than can be stored. Send these again in a moment."


class Desk:
    """Takes what requests of this process tell, and answers each once its alerts are committed."""

    def __init__(self) -> None:
        # One thread: what was told first is stored first.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="alerts")
        self._asked: list[tuple[store.Telling, asyncio.Future[None]]] = []
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    async def take(self, project_id: int, alerts: Sequence[Told]) -> None:
        """Return once the alerts are durable; a failure is raised to whoever told them."""
        if self._waiting + len(alerts) > MOST_WAITING:
            raise Full
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(((project_id, alerts), done))
        self._waiting += len(alerts)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        await done

    async def _work(self) -> None:
        while self._asked:
            asked, self._asked, self._waiting = self._asked, [], 0
            try:
                await self._keep([telling for telling, _ in asked])
            except DataError:
                await self._one_by_one(asked)
            except Error as error:
                _answer(asked, error)
            else:
                _answer(asked, None)

    async def _one_by_one(self, asked: list[tuple[store.Telling, asyncio.Future[None]]]) -> None:
        """One of them holds what cannot be stored; the others must not suffer for it."""
        for each in asked:
            try:
                await self._keep([each[0]])
            except Error as error:
                _answer([each], error)
            else:
                _answer([each], None)

    async def _keep(self, tellings: list[store.Telling]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, _keep, tellings)


def _keep(tellings: list[store.Telling]) -> None:
    """Store on the thread's own connection; one that broke is opened anew, once."""
    try:
        store.keep(tellings)
    except (InterfaceError, OperationalError):
        connection.close()
        store.keep(tellings)


def _answer(
    asked: list[tuple[store.Telling, asyncio.Future[None]]], error: Exception | None
) -> None:
    for _, done in asked:
        if done.done():  # its client has left
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
