"""`/serve/…` on the portal's own port: handed to the gateway, which decides everything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from apps.deployments.gateway.messages import Headers, Response, problem
from apps.deployments.gateway.upstream import Connection, Upstream
from apps.deployments.gateway.wire import MOST_BODY_BYTES

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

PASSED = frozenset({
    b"authorization", b"content-type", b"accept", b"x-request-id", b"x-prediction-id", b"x-serve-version",
    b"inference-header-content-length", b"traceparent", b"tracestate",
})  # fmt: skip
NOT_OURS = frozenset({b"content-length", b"connection", b"transfer-encoding", b"keep-alive"})
METHODS = frozenset({"GET", "HEAD", "POST"})
SECONDS = 605.0  # a little more than the gateway may give a model server

gateway = Upstream("127.0.0.1", settings.GATEWAY_PORT)


class _Answer:
    """What comes back: a whole answer, or the head of a stream and then its parts."""

    def __init__(self) -> None:
        self.over = False
        self.connection: Connection | None = None
        self.begun: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        # Parts of a stream; an empty one ends it, `None` breaks it off.
        self.parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams = False

    def events(self, status: int, headers: Headers) -> bool:
        self.streams = True
        self.begun.set_result(Response(status, headers))
        return True

    def piece(self, part: bytes) -> None:
        self.parts.put_nowait(part)

    def answered(self, status: int, headers: Headers, body: bytes) -> None:
        if self.streams:
            self.parts.put_nowait(b"")
        else:
            self.begun.set_result(Response(status, headers, body))

    def failed(self, reason: str, *, sent: bool) -> None:
        if self.streams:
            self.parts.put_nowait(None)
        else:
            self.begun.set_result(_away(reason))

    def drop(self) -> None:
        """Nobody waits any more."""
        self.over = True
        if self.connection is not None and self.connection.asker is self:
            self.connection.cancel()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the gateway does."""
    if scope["method"] not in METHODS:
        await _send(send, problem(405, "method_not_allowed", "Send POST.", [(b"allow", b"POST")]))
        return
    body = await _read(receive)
    if body is None:
        await _send(send, problem(413, "too_large", f"body: at most {MOST_BODY_BYTES} bytes."))
        return
    answer = _Answer()
    try:
        async with asyncio.timeout(SECONDS):
            gateway.ask(_message(scope, body), answer)
            response = await answer.begun
            await (_pass_on(send, response, answer) if answer.streams else _send(send, response))
    except TimeoutError:
        if not answer.streams:
            await _send(send, _away(f"nothing came within {SECONDS:g} s"))
    finally:
        answer.drop()


def _message(scope: Scope, body: bytes) -> bytes:
    """The request, made anew; uvicorn's parser let no line break into a header or a target."""
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    # Of an answer without its body nobody could tell where it ends; uvicorn leaves the body away.
    method = b"POST" if scope["method"] == "POST" else b"GET"
    lines = [b"%b %b HTTP/1.1\r\nhost: gateway\r\n" % (method, target)]
    lines += [b"%b: %b\r\n" % pair for pair in scope["headers"] if pair[0] in PASSED]
    if method == b"GET":
        return b"".join((*lines, b"\r\n"))
    return b"".join((*lines, b"content-length: %d\r\n\r\n" % len(body), body))


async def _send(send: Send, response: Response) -> None:
    headers = [pair for pair in response.headers if pair[0] not in NOT_OURS]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _pass_on(send: Send, head: Response, answer: _Answer) -> None:
    """Pass a stream on as it comes; one that breaks off is left without its end."""
    headers = [pair for pair in head.headers if pair[0] not in NOT_OURS]
    await send({"type": "http.response.start", "status": head.status, "headers": headers})
    while part := await answer.parts.get():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if part is None:
        raise ConnectionAbortedError("the gateway broke the stream off")
    await send({"type": "http.response.body", "body": b""})


def _away(reason: str) -> Response:
    detail = f"The gateway does not answer: {reason}."
    return problem(503, "gateway_away", detail, [(b"retry-after", b"2")])


async def _read(receive: Receive) -> bytes | None:
    """The whole body; `None` where it is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY_BYTES:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)
