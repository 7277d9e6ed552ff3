"""Passes a client's request on to a server of the portal's own, both bodies in constant memory.

The address comes from the portal's settings, never from a request, so the address guard stays out of it;
redirects are handed back and never followed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from apps.core.http.answers import translated

MOST_CONNECTIONS = 100
# Shorter than uvicorn's own five seconds: a connection is not reused in the moment it is closed.
KEEP_ALIVE = 3.0

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Message:
    """One request as it goes on: `target` is the raw path with its query, on the server's base."""

    method: str
    target: bytes
    headers: Headers
    body: bytes | AsyncIterator[bytes]


@dataclass(slots=True)
class Answer:
    """The server's answer; its body comes as it arrives, in the coding it was sent in."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]


class Forward:
    """The way to one server, for one event loop."""

    def __init__(self, service: str, base_url: str, *, read_seconds: float) -> None:
        self.service = service
        self._base = httpx.URL(base_url)
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=KEEP_ALIVE),
            retries=1,
            trust_env=False,
        )
        self._timeout = httpx.Timeout(read_seconds, connect=3.0, pool=10.0).as_dict()

    @asynccontextmanager
    async def send(self, message: Message) -> AsyncIterator[Answer]:
        """Pass the message on; `Unreachable` or `TimedOut` where no answer begins."""
        prefix = self._base.raw_path.rstrip(b"/")
        request = httpx.Request(
            message.method,
            self._base.copy_with(raw_path=prefix + message.target),
            headers=message.headers,
            content=message.body,
            extensions={"timeout": self._timeout},
        )
        with translated(self.service):
            response = await self._transport.handle_async_request(request)
        try:
            yield Answer(response.status_code, response.headers.raw, self._pieces(response))
        finally:
            await response.aclose()

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        with translated(self.service):
            async for piece in response.aiter_raw():
                yield piece
