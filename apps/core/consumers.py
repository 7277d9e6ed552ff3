from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from typing import Any, cast

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error

from apps.core import live, metrics
from apps.core.access import Person

MOST_TOPICS = 100
MOST_SOCKETS = 50
LONGEST_MESSAGE = 16_384
MOST_MESSAGES, PER_SECONDS = 60, 10.0
GATHER_SECONDS = 0.2

UNAUTHENTICATED, TOO_MUCH, TOO_MANY_SOCKETS, TOO_LARGE = 4401, 4408, 4429, 1009
HOW = 'Send {"subscribe": ["job:1"]} or {"unsubscribe": ["job:1"]}.'


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket per tab: subscribe to topics, hear which of them changed.

    `scope["renew"]` answers the user that the socket still stands for, or an anonymous one; it is asked
    again from time to time, so that a revoked session, token or role ends what they opened.
    """

    _sockets: Counter[int] = Counter()

    async def connect(self) -> None:
        self.topics: set[str] = set()
        self.changed: set[str] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self.counted: int | None = None
        self.window, self.received = time.monotonic(), 0
        await self.accept()
        self.user: Person = self.given["user"]
        user = self.user
        if not user.is_authenticated or not user.is_active:
            await self.close(UNAUTHENTICATED)
        elif self._sockets[user.pk] >= MOST_SOCKETS:
            await self.close(TOO_MANY_SOCKETS)
        else:
            self._begin(user.pk)

    def _begin(self, user_id: int) -> None:
        self.counted = user_id
        self._sockets[user_id] += 1
        metrics.SOCKETS.inc()
        self.tasks = [asyncio.create_task(self._recheck()), asyncio.create_task(self._tell())]

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        if self.counted is not None:
            metrics.SOCKETS.dec()
            self._sockets[self.counted] -= 1
            if not self._sockets[self.counted]:
                del self._sockets[self.counted]
            self.counted = None
        for name in self.topics:
            await self.channel_layer.group_discard(live.group(name), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.counted is None:
            return
        if text_data is None or len(text_data) > LONGEST_MESSAGE:
            await self.close(TOO_LARGE)
        elif self._floods():
            await self.close(TOO_MUCH)
        else:
            await self._answer(_decoded(text_data))

    def _floods(self) -> bool:
        now = time.monotonic()
        if now - self.window > PER_SECONDS:
            self.window, self.received = now, 0
        self.received += 1
        return self.received > MOST_MESSAGES

    async def _answer(self, content: Any) -> None:
        asked = content if isinstance(content, dict) else {}
        wanted, unwanted = asked.get("subscribe", []), asked.get("unsubscribe", [])
        lists = isinstance(wanted, list) and isinstance(unwanted, list)
        if not lists or not wanted and not unwanted:
            await self._say({"error": HOW})
            return
        for name in unwanted[:MOST_TOPICS]:
            await self._unsubscribe(str(name))
        for name in wanted[:MOST_TOPICS]:
            await self._subscribe(str(name)[:100])

    async def _subscribe(self, name: str) -> None:
        if name in self.topics:
            return
        if len(self.topics) >= MOST_TOPICS or not await self._may_hear(name):
            await self._say({"refused": name})
            return
        self.topics.add(name)
        await self.channel_layer.group_add(live.group(name), self.channel_name)
        await self._say({"subscribed": name})

    async def _unsubscribe(self, name: str) -> None:
        if name in self.topics:
            self.topics.discard(name)
            await self.channel_layer.group_discard(live.group(name), self.channel_name)

    async def _may_hear(self, name: str) -> bool:
        return bool(await database_sync_to_async(live.may_hear)(self.user, name))

    async def live_changed(self, event: dict[str, Any]) -> None:
        self.changed.add(event["topic"])

    async def _tell(self) -> None:
        """Pass on what changed, gathered: a busy job must not drown the page."""
        while True:
            await asyncio.sleep(GATHER_SECONDS)
            changed, self.changed = self.changed & self.topics, set()
            for name in sorted(changed):
                await self._say({"changed": name})

    async def _recheck(self) -> None:
        """Close the socket of a session that ended, and leave topics whose role was taken away."""
        while True:
            await asyncio.sleep(settings.LIVE_RECHECK_SECONDS)
            with suppress(Error):  # a database that restarts is asked again the next time
                await self._check_once()

    async def _check_once(self) -> None:
        user = await self.given["renew"]()
        if not user.is_authenticated or not user.is_active:
            await self.close(UNAUTHENTICATED)
            return
        self.user = user
        for name in sorted(self.topics):
            if not await self._may_hear(name):
                await self._unsubscribe(name)
                await self._say({"refused": name})

    @property
    def given(self) -> dict[str, Any]:
        """What `portal.routing` found out about who knocks."""
        return cast(dict[str, Any], self.scope)

    async def _say(self, content: dict[str, str]) -> None:
        await self.send(text_data=json.dumps(content))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
