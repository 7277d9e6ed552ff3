"""Passes a client's request on to one server, both bodies in constant memory.

An address from the portal's settings may lead anywhere; one that somebody entered goes through the
address guard. Redirects are handed back and never followed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore
import httpx

from apps.core.http.answers import translated
from apps.core.http.client import Auth, authorization
from apps.core.http.guard import Allow
from apps.core.http.tls import Tls, context
from apps.core.http.wire_async import Backend

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

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        read_seconds: float,
        auth: Auth | None = None,
        guarded: bool = False,
    ) -> None:
        """`auth` is name and password, or a bearer token, of the portal's own at the server."""
        self.service = service
        self._base = httpx.URL(base_url)
        named = authorization(auth).items()
        self._signed: Headers = [(name.encode(), value.encode()) for name, value in named]
        self._transport = Guarded(service) if guarded else _open()
        self._timeout = httpx.Timeout(read_seconds, connect=3.0, pool=10.0).as_dict()

    @asynccontextmanager
    async def send(self, message: Message) -> AsyncIterator[Answer]:
        """Pass the message on; `Unreachable` or `TimedOut` where no answer begins."""
        prefix = self._base.raw_path.rstrip(b"/")
        request = httpx.Request(
            message.method,
            self._base.copy_with(raw_path=prefix + message.target),
            headers=[*message.headers, *self._signed],
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


class Guarded(httpx.AsyncHTTPTransport):
    """httpx's transport on a pool whose connections pass the guard."""

    def __init__(self, service: str) -> None:
        # httpx offers no argument for the network backend; its pool is the one thing it keeps.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context(Tls()),
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
            retries=1,
            network_backend=Backend(service, allow=Allow.from_settings()),
        )


def _open() -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=KEEP_ALIVE),
        retries=1,
        trust_env=False,
    )
