"""The guard for connections of an event loop: one lookup, every address checked, those very ones dialled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpcore

from apps.core.http import wire
from apps.core.http.guard import Allow

LOOKUP_SECONDS = 5.0


class Backend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, checks every address and connects to those very addresses."""

    def __init__(self, service: str, *, allow: Allow) -> None:
        self.service = service
        self.allow = allow
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        seconds = timeout or LOOKUP_SECONDS
        found = await asyncio.to_thread(wire.resolve, host, port, seconds=seconds)
        addresses = self.allow.checked(self.service, host, port, found)
        error: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, seconds / len(addresses))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                error = refused
        raise error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
