"""HTTP/1.1 without a framework: parsed by llhttp (httptools), bounded, one request after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import httptools

from apps.deployments.server.answers import OUT_OF_MEMORY, Answer, Request, problem

MOST_BODY_BYTES = 64 * 1024 * 1024
MOST_HEADER_BYTES = 32 * 1024
MOST_PIPELINED = 16

Take = Callable[[Request, Callable[[Answer], None]], None]
PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Refused(Exception):
    """The request outgrew a limit before it was whole."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, take: Take, about: bytes, connections: set[Connection]) -> None:
        self.take, self.about, self.connections = take, about, connections
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.waiting: deque[Request] = deque()
        self.busy = self.closing = self.reading = self.last = False
        self.used = asyncio.get_running_loop().time()
        self._begin()

    def _begin(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.size = self.header_size = 0

    # What llhttp reports, in order.

    def on_message_begin(self) -> None:
        self._begin()
        self.reading = True

    def on_url(self, url: bytes) -> None:
        self.target += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        asked = dict(self.headers).get(b"expect", b"")
        if asked.lower() == b"100-continue" and self.transport and not self.busy:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > MOST_BODY_BYTES:
            raise Refused(problem(413, f"body: at most {MOST_BODY_BYTES} bytes; send it in parts"))
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.reading = False
        method = self.parser.get_method().decode("latin-1")
        path = self.target.partition(b"?")[0].decode("latin-1")
        body = self.body[0] if len(self.body) == 1 else b"".join(self.body)
        keep = self.parser.should_keep_alive()
        self.waiting.append(Request(method, path, self.headers, body, keep))

    def _count(self, size: int) -> None:
        self.header_size += size + 4
        if self.header_size > MOST_HEADER_BYTES:
            raise Refused(problem(431, f"headers: at most {MOST_HEADER_BYTES} bytes"))

    # What asyncio reports.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self.used = asyncio.get_running_loop().time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._refuse(_refusal(error.__context__))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(_malformed())
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self.connections.discard(self)

    # Answering.

    def _next(self) -> None:
        if self.transport and len(self.waiting) >= MOST_PIPELINED:
            self.transport.pause_reading()
        if self.waiting and not self.busy:
            self.busy = True
            request = self.waiting.popleft()
            self.keep, self.bare = request.keep_alive, request.method == "HEAD"
            self.take(request, self._reply)

    def _reply(self, answer: Answer) -> None:
        self.busy = False
        self.used = asyncio.get_running_loop().time()
        if self.transport is None or self.transport.is_closing():
            return
        keep = self.keep and not (self.last and not self.waiting)
        head = self.head(answer, keep=keep)
        self.transport.write(head if self.bare else head + answer.body)
        if not keep:
            self.close()
            return
        if self.waiting:
            self._next()
        elif not self.closing:
            self.transport.resume_reading()

    def head(self, answer: Answer, *, keep: bool) -> bytes:
        """Status line and headers."""
        return (
            f"HTTP/1.1 {answer.status} {PHRASES.get(answer.status, 'Answer')}\r\n"
            f"content-type: {answer.kind}\r\ncontent-length: {len(answer.body)}\r\n"
            f"connection: {'keep-alive' if keep else 'close'}\r\n"
        ).encode() + self.about

    def _refuse(self, answer: Answer) -> None:
        """Answer what cannot be read; what came before it is not answered any more."""
        if self.transport and not self.closing:
            self.transport.write(self.head(answer, keep=False) + answer.body)
        self.waiting.clear()
        self.close()

    @property
    def idle(self) -> bool:
        return not (self.busy or self.waiting or self.reading)

    def finish(self) -> None:
        """Say with the next answer that it is the last."""
        self.last = True

    def close(self) -> None:
        """Stop reading; what is written still goes out."""
        self.closing = True
        if self.transport:
            self.transport.close()


def _refusal(cause: BaseException | None) -> Answer:
    if isinstance(cause, Refused):
        return cause.answer
    if isinstance(cause, MemoryError):
        return problem(OUT_OF_MEMORY, "body: it needs more memory than the model server may use")
    return _malformed()


def _malformed() -> Answer:
    return problem(400, "The request is not valid HTTP/1.1.")
