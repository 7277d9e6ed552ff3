"""HTTP/1.1 towards clients: parsed by llhttp (httptools), bounded in size and in time.

The parser is left strict. What it cannot bound by itself is bounded here: heads, trailers, bodies,
requests sent ahead, and how long each may take.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

import httptools

from apps.deployments.gateway.messages import Request, Response, ending, problem, start_of

MOST_HEADER_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_BODY_BYTES = 16 * 1024 * 1024
MOST_HELD_BYTES = 512 * 1024 * 1024  # bodies of all connections that are not answered yet
MOST_CONNECTIONS = 10_000
READ_SECONDS = 20.0  # from the first byte of a request to its last
IDLE_SECONDS = 75.0
WRITE_SECONDS = 60.0  # until a client has taken what was written
LINGER_SECONDS = 2.0  # for a client that still sends what was refused
# A second one of these would leave open which of them counts.
ONCE = frozenset({b"host", b"authorization", b"content-type", b"x-serve-version", b"accept"})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refused(Exception):
    """A request that is refused before it is read whole."""

    def __init__(self, response: Response) -> None:
        self.response = response


class Listener(Protocol):
    """Who answers: at once, or later, through the client's `answer` or `begin`."""

    def request(self, request: Request, client: Client) -> None: ...


class Source(Protocol):
    """What may be asked to wait while a client reads slowly."""

    def flow(self, *, paused: bool) -> None: ...


@dataclass(slots=True)
class Room:
    """What all connections share."""

    listener: Listener
    clock: Callable[[], float]
    clients: set[Client] = field(default_factory=set)
    held: int = 0
    draining: bool = False


class Client(asyncio.Protocol):
    """One client's connection. Requests are answered one after the other, in order."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.ready: deque[Request] = deque()
        self.current: Request | None = None
        self.source: Source | None = None  # of the answer to the current one
        self.refusal: Response | None = None  # sent when everything before it is answered
        self.closing = self.gone = self.full = self.expects = False
        self.half = self.looping = False
        self.deadline = room.clock() + READ_SECONDS
        self.moved, self.silent, self.held = False, 0, 0
        self._begin()

    def _begin(self) -> None:
        self.target = b""
        self.headers: dict[bytes, bytes] = {}
        self.body: list[bytes] = []
        self.body_bytes = 0
        self.reading, self.in_head = False, True

    # What llhttp reports, in order.

    def on_message_begin(self) -> None:
        self._begin()
        self.reading = self.moved = True
        self.deadline = self.room.clock() + READ_SECONDS

    def on_url(self, url: bytes) -> None:
        self.target = self.target + url if self.target else url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_head:
            return  # a trailer changes nothing
        name = name.lower()
        if name not in self.headers:
            self.headers[name] = value
        elif name in ONCE:
            raise Refused(problem(400, "malformed", f"{name.decode()}: it is given twice."))

    def on_headers_complete(self) -> None:
        self.in_head, self.moved = False, True
        headers = self.headers
        size = len(self.target) + sum(map(len, headers)) + sum(map(len, headers.values()))
        if size > MOST_HEADER_BYTES or len(headers) > MOST_HEADERS:
            raise Refused(_long_head())
        if b"content-length" in headers and int(headers[b"content-length"]) > MOST_BODY_BYTES:
            raise Refused(_too_large())
        if b"expect" in headers:
            self.expects = headers[b"expect"].lower() == b"100-continue"

    def on_body(self, part: bytes) -> None:
        self.moved = True
        self.body_bytes += len(part)
        self.held += len(part)
        self.room.held += len(part)
        if self.body_bytes > MOST_BODY_BYTES:
            raise Refused(_too_large())
        if self.room.held > MOST_HELD_BYTES:
            retry = [(b"retry-after", b"1")]
            raise Refused(problem(503, "busy", "Too many large requests at once.", retry))
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.moved, self.reading, self.expects = True, False, False
        headers, keep = self.headers, self.parser.should_keep_alive()
        # Kept without being asked for: that is HTTP/1.1, and asking which one it is costs time.
        old = False if keep and b"connection" not in headers else self._is_old()
        if not old and b"host" not in headers:
            raise Refused(problem(400, "malformed", "host: it is missing."))
        parts = self.body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        method = self.parser.get_method()
        self.ready.append(Request(method, self.target, headers, body, keep, old))

    def _is_old(self) -> bool:
        version = self.parser.get_http_version()
        old = version == "1.0"
        if version != "1.1" and (not old or b"transfer-encoding" in self.headers):
            raise Refused(problem(400, "malformed", "HTTP/1.1 is spoken here."))
        return old

    # What asyncio reports.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.room.clients.add(self)
        if len(self.room.clients) > MOST_CONNECTIONS:
            retry = [(b"retry-after", b"1")]
            self._refuse(problem(503, "busy", "Too many connections.", retry))

    def data_received(self, data: bytes) -> None:
        if self.closing or self.refusal is not None:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.ready.pop()  # llhttp reports the request that asks for it, too
            self._refuse(problem(400, "no_upgrade", "upgrade: this port speaks plain HTTP/1.1."))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if not isinstance(cause, Refused):
                raise
            self._refuse(cause.response)
        except httptools.HttpParserError:
            self._refuse(problem(400, "malformed", "The request is not valid HTTP/1.1."))
        else:
            if self.moved:
                self.moved, self.silent = False, 0
            else:
                self._bound(len(data))
        if self.current is None:
            if self.ready or (self.expects and self.reading):
                self._next()
        elif self.ready and self.transport is not None:
            self.transport.pause_reading()

    def _bound(self, size: int) -> None:
        """Bound what llhttp collects silently: a header or a trailer that never ends."""
        self.silent += size
        if self.silent > MOST_HEADER_BYTES:
            self._refuse(_long_head())

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = self.gone = True
        self.room.clients.discard(self)
        self.ready.clear()
        self._release(self.held)
        # What is under way goes on: its prediction is logged though nobody reads the answer.
        self._flow(paused=False)

    def eof_received(self) -> bool:
        # A client may shut its sending side and still wait for what it asked.
        self.half = True
        return self.current is not None or bool(self.ready)

    def pause_writing(self) -> None:
        self.full = True
        self.deadline = self.room.clock() + WRITE_SECONDS
        self._flow(paused=True)

    def resume_writing(self) -> None:
        self.full = False
        self.deadline = self.room.clock() + IDLE_SECONDS
        self._flow(paused=False)
        if self.current is None:
            self._next()

    def _flow(self, *, paused: bool) -> None:
        if self.source is not None:
            self.source.flow(paused=paused)

    # Answering.

    def _next(self) -> None:
        """Let the next request be answered, where one is there and the client keeps up."""
        self.looping = True
        while self.ready and self.current is None and not self.full and not self.closing:
            self.current = self.ready.popleft()
            if self.room.draining:
                self.current.keep_alive = False
            self.room.listener.request(self.current, self)
        self.looping = False
        if self.current is not None or self.ready or self.closing or self.transport is None:
            return
        if self.refusal is not None:
            self._send_refusal()
            return
        self.transport.resume_reading()
        if self.expects and self.reading:
            self._go_on()

    def answer(self, message: bytes) -> None:
        """Send the answer to the current request, encoded."""
        request, self.current, self.source = self.current, None, None
        if self.gone or self.transport is None or request is None:
            return
        if request.body:
            self._release(len(request.body))
        self.transport.write(message)
        if not request.keep_alive or (self.half and not self.ready):
            self.close()
            return
        if not self.full and not self.reading:
            self.deadline = self.room.clock() + IDLE_SECONDS
        if not self.looping and (self.ready or self.refusal is not None or self.expects):
            # Not from inside the answer: a flood of requests sent ahead would grow the stack.
            asyncio.get_running_loop().call_soon(self._next)

    def begin(self, status: int, lines: bytes) -> None:
        """Begin an answer of unknown length."""
        request = self.current
        if self.gone or self.transport is None or request is None:
            return
        framing = b"" if request.old else b"transfer-encoding: chunked\r\n"
        request.keep_alive = request.keep_alive and not request.old
        end = ending(keep_alive=request.keep_alive, old=request.old)
        self.transport.write(start_of(status) + lines + framing + end)

    def piece(self, part: bytes) -> None:
        """Send a part of it."""
        if self.gone or self.transport is None or self.current is None or not part:
            return
        old = self.current.old
        self.transport.write(part if old else b"%x\r\n%b\r\n" % (len(part), part))

    def end(self) -> None:
        """It is complete."""
        self.answer(b"" if self.current is None or self.current.old else b"0\r\n\r\n")

    def abort(self) -> None:
        """It will not be complete, and the client must see that."""
        self.current, self.source, self.closing = None, None, True
        if self.transport is not None:
            self.transport.abort()

    def _go_on(self) -> None:
        self.expects = False
        if self.transport is not None:
            self.transport.write(CONTINUE)

    def _refuse(self, response: Response) -> None:
        self.refusal, self.reading = response, False
        if self.current is None and not self.ready:
            self._send_refusal()

    def _send_refusal(self) -> None:
        """Send it and take no more; close once the client had time to read it."""
        assert self.refusal is not None
        self.closing = True
        self._release(self.held)
        self.deadline = self.room.clock() + LINGER_SECONDS
        if self.transport is not None and not self.gone:
            self.transport.write(self.refusal.encode())
            self.transport.resume_reading()
            self.transport.write_eof()

    def _release(self, size: int) -> None:
        self.room.held -= size
        self.held -= size

    # Time.

    def look(self, now: float) -> None:
        """Close it where it was too slow; asked every second or so."""
        if now < self.deadline or self.transport is None:
            return
        if self.full or self.closing:
            self.transport.abort()
        elif self.current is None:
            if self.reading:
                self._refuse(problem(408, "too_slow", "The request did not come in time."))
            else:
                self.close()

    def close_if_idle(self) -> None:
        """Close it where nothing is under way."""
        if self.current is None and not self.ready and not self.reading:
            self.close()

    def close(self) -> None:
        """Stop reading; what is written still goes out."""
        self.closing = True
        if self.transport is not None:
            self.transport.close()


def _too_large() -> Response:
    return problem(413, "too_large", f"body: at most {MOST_BODY_BYTES} bytes.")


def _long_head() -> Response:
    return problem(431, "headers_too_large", "headers: too many or too long.")
