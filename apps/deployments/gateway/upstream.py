"""HTTP/1.1 towards one model server: kept-alive connections, one deadline per call."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from apps.deployments.gateway.messages import Headers, Response

MOST_IDLE = 64
MOST_ANSWER_BYTES = 64 * 1024 * 1024


class UpstreamFailed(Exception):
    """No whole answer came; `sent` says whether the model server may have worked on it."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[Response] | None = None
        self.heard = False
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._fail("the connection was closed")

    def data_received(self, data: bytes) -> None:
        self.heard = True
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, AttributeError):
            self.close()
            self._fail("the answer is not valid HTTP")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > MOST_ANSWER_BYTES:
            raise ValueError("answer too large")
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.usable = self.usable and self.parser.should_keep_alive()
        if self.answer and not self.answer.done():
            status = self.parser.get_status_code()
            self.answer.set_result(Response(status, self.headers, b"".join(self.body)))

    async def call(self, message: bytes) -> Response:
        assert self.transport is not None
        self.parser = httptools.HttpResponseParser(self)
        self.headers: Headers = []
        self.body: list[bytes] = []
        self.size = 0
        self.heard = False
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(message)
        return await self.answer

    def _fail(self, reason: str) -> None:
        if self.answer and not self.answer.done():
            self.answer.set_exception(UpstreamFailed(reason, sent=self.heard))

    def close(self) -> None:
        self.usable = False
        if self.transport:
            self.transport.close()


class Upstream:
    """One model server on this machine."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.idle: list[_Connection] = []

    async def call(self, path: bytes, headers: Headers, body: bytes, *, seconds: float) -> Response:
        """POST once; `UpstreamFailed` where no whole answer came in time."""
        message = self._message(path, headers, body)
        try:
            async with asyncio.timeout(seconds):
                return await self._call(message)
        except TimeoutError as error:
            raise UpstreamFailed(f"no answer within {seconds:g} s", sent=True) from error
        except OSError as error:
            raise UpstreamFailed("it does not accept connections", sent=False) from error

    async def _call(self, message: bytes) -> Response:
        while self.idle:
            kept = self.idle.pop()
            if not kept.usable:
                continue
            try:
                return await self._use(kept, message)
            except UpstreamFailed as error:
                if error.sent:
                    raise  # else: it closed the idle connection under us, and a fresh one is safe
        return await self._use(await self._connect(), message)

    async def _use(self, connection: _Connection, message: bytes) -> Response:
        try:
            response = await connection.call(message)
        except BaseException:  # also at the deadline: a late answer must reach nobody
            connection.close()
            raise
        if connection.usable and len(self.idle) < MOST_IDLE:
            self.idle.append(connection)
        else:
            connection.close()
        return response

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self.host, self.port)
        return connection

    def _message(self, path: bytes, headers: Headers, body: bytes) -> bytes:
        lines = [b"POST %s HTTP/1.1\r\nhost: %s:%d\r\n" % (path, self.host.encode(), self.port)]
        lines += [b"%s: %s\r\n" % pair for pair in headers]
        lines.append(b"content-length: %d\r\n\r\n" % len(body))
        return b"".join((*lines, body))

    def close(self) -> None:
        """Drop the idle connections."""
        for connection in self.idle:
            connection.close()
        self.idle.clear()
