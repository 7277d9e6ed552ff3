"""HTTP/1.1 towards one model server: kept-alive connections, one request at a time on each."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol, cast

import httptools

from apps.deployments.gateway.messages import Headers

MOST_IDLE = 256
MOST_CONNECTIONS = 512
MOST_ANSWER_BYTES = 64 * 1024 * 1024
MOST_HEAD_BYTES = 64 * 1024
CONNECT_SECONDS = 2.0

EVENTS = b"text/event-stream"
REFUSED = "it does not accept connections"
CLOSED = "the connection was closed"
INVALID = "the answer is not valid HTTP"
TOO_LARGE = "the answer is too large"


class Asker(Protocol):
    """Who waits for an answer. Once it is `over` it hears nothing any more."""

    over: bool
    connection: Connection | None

    def events(self, status: int, headers: Headers) -> bool:
        """A stream of events begins; answers whether it is wanted piece by piece."""

    def piece(self, part: bytes) -> None:
        """A part of the body, where it was wanted so."""

    def answered(self, status: int, headers: Headers, body: bytes) -> None:
        """The whole answer has come."""

    def failed(self, reason: str, *, sent: bool) -> None:
        """None will come; `sent` says whether the model server may have worked on it."""


class Connection(asyncio.Protocol):
    """One connection to a model server."""

    def __init__(self, pool: Upstream) -> None:
        self.pool = pool
        self.parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport | None = None
        self.asker: Asker | None = None
        self.message = b""
        self.usable, self.used = True, False
        self.status, self.head_bytes, self.body_bytes = 0, 0, 0
        self.headers: Headers = []
        self.body: list[bytes] = []
        self.complete = self.streams = self.events = False

    def ask(self, message: bytes, asker: Asker) -> None:
        """Send one request; the asker hears what comes of it."""
        assert self.transport is not None
        self.asker, self.message = asker, message
        asker.connection = self
        self.status = self.head_bytes = self.body_bytes = 0
        self.headers, self.body = [], []
        self.complete = self.streams = self.events = False
        self.transport.write(message)

    def cancel(self) -> None:
        """Nobody waits any more; a late answer must reach nobody."""
        self.asker = None
        self.close()

    def close(self) -> None:
        """Drop the connection."""
        self.usable = False
        if self.transport is not None:
            self.transport.close()

    # What llhttp reports, in order.

    def on_message_begin(self) -> None:
        if self.complete:
            self.usable = False  # more than was asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status or self.complete:
            return  # a trailer
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-type" and value.startswith(EVENTS):
            self.events = True

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < 200 or self.complete or self.asker is None:
            return
        self.status = status
        if self.events:
            self.streams = self.asker.events(status, self.headers)

    def on_body(self, part: bytes) -> None:
        if self.complete or self.asker is None:
            return
        if self.streams:
            self.asker.piece(part)
            return
        self.body_bytes += len(part)
        if self.body_bytes > MOST_ANSWER_BYTES:
            raise ValueError(TOO_LARGE)
        self.body.append(part)

    def on_message_complete(self) -> None:
        if not self.status:
            self.headers = []  # "100 Continue" and its like; the answer is still to come
        elif not self.complete:
            self.complete = True
            self.usable = self.usable and self.parser.should_keep_alive()

    # What asyncio reports.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self.asker is None:
            self.close()  # nobody asked
            return
        if not self.status:
            self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.usable = False
            if not self.complete:
                self._fail(TOO_LARGE if self.body_bytes > MOST_ANSWER_BYTES else INVALID)
                return
        if self.complete:
            self._deliver()
        elif not self.status and self.head_bytes > MOST_HEAD_BYTES:
            self._fail(TOO_LARGE)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self.pool.lost(self)
        asker, self.asker = self.asker, None
        if asker is None or asker.over:
            return
        if self.used and not self.head_bytes:
            # It closed an idle connection just as we wrote; another one is safe.
            self.pool.ask(self.message, asker)
        else:
            asker.failed(CLOSED, sent=bool(self.head_bytes))

    def _deliver(self) -> None:
        asker, self.asker = self.asker, None
        status, headers, parts = self.status, self.headers, self.body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self.used, self.message = True, b""
        self.pool.released(self)
        if asker is not None and not asker.over:
            asker.answered(status, headers, body)

    def _fail(self, reason: str) -> None:
        asker, self.asker = self.asker, None
        self.close()
        if asker is not None and not asker.over:
            asker.failed(reason, sent=True)


class Upstream:
    """The connections to one model server."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.idle: list[Connection] = []
        self.connections: set[Connection] = set()
        self.opening: set[asyncio.Task[None]] = set()
        self.waiting: deque[tuple[bytes, Asker]] = deque()
        self.closed = False

    def ask(self, message: bytes, asker: Asker) -> None:
        """Send a request over an idle connection, or over a new one; at most one answer comes."""
        while self.idle:
            connection = self.idle.pop()
            if connection.usable:
                connection.ask(message, asker)
                return
        self.waiting.append((message, asker))
        self._open()

    def released(self, connection: Connection) -> None:
        """An answer is complete."""
        if not connection.usable or self.closed:
            connection.close()
            return
        while self.waiting:
            message, asker = self.waiting.popleft()
            if not asker.over:
                connection.ask(message, asker)
                return
        if len(self.idle) < MOST_IDLE:
            self.idle.append(connection)
        else:
            connection.close()

    def lost(self, connection: Connection) -> None:
        """A connection is gone; who waited for one gets another."""
        self.connections.discard(connection)
        if self.waiting:
            self._open()

    def close(self) -> None:
        """Drop what is idle; what is under way goes on to its end."""
        self.closed = True
        for connection in self.idle:
            connection.close()
        self.idle.clear()

    def _open(self) -> None:
        if len(self.opening) >= len(self.waiting):
            return
        if len(self.connections) + len(self.opening) < MOST_CONNECTIONS:
            task = asyncio.get_running_loop().create_task(self._connect())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: Connection(self), self.host, self.port
                )
        except (OSError, TimeoutError):
            self._refused()
            return
        self.connections.add(connection)
        self.released(connection)

    def _refused(self) -> None:
        while self.waiting:
            _, asker = self.waiting.popleft()
            if not asker.over:
                asker.failed(REFUSED, sent=False)
                return
