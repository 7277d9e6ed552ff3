"""HTTP/1.1 towards clients: parsed by llhttp (httptools), bounded in size and in time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from apps.deployments.gateway.messages import Request, Response, problem

Handler = Callable[[Request], Awaitable[Response]]

MOST_HEADER_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_BODY_BYTES = 16 * 1024 * 1024
READ_SECONDS = 20.0  # from the first byte of a request to its last
IDLE_SECONDS = 75.0
MOST_PIPELINED = 16


class TooLarge(Exception):
    """A part of the request outgrew its limit."""

    def __init__(self, response: Response) -> None:
        self.response = response


class ClientConnection(asyncio.Protocol):
    """One client's connection. Requests are answered one after the other, in order."""

    def __init__(self, handle: Handler, connections: set[ClientConnection]) -> None:
        self.handle = handle
        self.connections = connections
        self.parser = httptools.HttpRequestParser(self)
        self.ready: deque[Request] = deque()
        self.answering: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.closing = False
        self._begin()

    # What llhttp reports, in order.

    def _begin(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.header_bytes = 0
        self.body_bytes = 0

    def on_message_begin(self) -> None:
        self._begin()
        self._expect(READ_SECONDS)

    def on_url(self, url: bytes) -> None:
        self.target += url
        self._count_header(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))
        self._count_header(len(name) + len(value))

    def on_headers_complete(self) -> None:
        wanted = dict(self.headers).get(b"expect", b"").lower()
        if wanted == b"100-continue" and self.transport:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        self.body_bytes += len(part)
        if self.body_bytes > MOST_BODY_BYTES:
            raise TooLarge(problem(413, "too_large", f"body: at most {MOST_BODY_BYTES} bytes."))
        self.body.append(part)

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode("latin-1")
        body = b"".join(self.body)
        keep = self.parser.should_keep_alive()
        self.ready.append(Request(method, self.target, self.headers, body, keep))
        self._expect(IDLE_SECONDS)

    def _count_header(self, size: int) -> None:
        self.header_bytes += size
        if self.header_bytes > MOST_HEADER_BYTES or len(self.headers) > MOST_HEADERS:
            raise TooLarge(problem(431, "headers_too_large", "headers: too many or too long."))

    # What asyncio reports.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.connections.add(self)
        self._expect(READ_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(problem(400, "no_upgrade", "upgrade: this port speaks plain HTTP/1.1."))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            known = isinstance(cause, TooLarge)
            self._refuse(cause.response if known else _malformed())  # type: ignore[union-attr]
        except httptools.HttpParserError:
            self._refuse(_malformed())
        else:
            self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self.connections.discard(self)
        if self.timer:
            self.timer.cancel()
        # What is under way goes on: its prediction is logged even though nobody reads the answer.

    def _work(self) -> None:
        if self.transport and len(self.ready) >= MOST_PIPELINED:
            self.transport.pause_reading()
        if self.ready and self.answering is None:
            self.answering = asyncio.create_task(self._answer_all())

    async def _answer_all(self) -> None:
        try:
            while self.ready and not self.closing:
                await self._answer(self.ready.popleft())
        finally:
            self.answering = None
        if self.transport and not self.closing:
            self.transport.resume_reading()

    async def _answer(self, request: Request) -> None:
        if self.timer:
            self.timer.cancel()
        response = await self.handle(request)
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(response.encode(keep_alive=request.keep_alive))
        if request.keep_alive:
            self._expect(IDLE_SECONDS)
        else:
            self.close()

    def _refuse(self, response: Response) -> None:
        if self.transport:
            self.transport.write(response.encode(keep_alive=False))
        self.close()

    def _expect(self, seconds: float) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        if self.answering is None:
            self.close()

    def close(self) -> None:
        """Stop reading; what is written still goes out."""
        self.closing = True
        if self.transport:
            self.transport.close()


def _malformed() -> Response:
    return problem(400, "malformed", "The request is not valid HTTP/1.1.")
