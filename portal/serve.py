"""`/serve/…` on the portal's own port: handed to the gateway, which decides everything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from apps.deployments.gateway.messages import Response, problem
from apps.deployments.gateway.upstream import Upstream, UpstreamFailed
from apps.deployments.gateway.wire import MOST_BODY_BYTES

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

PASSED = {b"authorization", b"content-type", b"x-request-id", b"x-prediction-id"}
NOT_OURS = {b"content-length", b"connection"}
SECONDS = 35.0  # a little more than the gateway gives a model server

gateway = Upstream("127.0.0.1", settings.GATEWAY_PORT)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the gateway does."""
    response = await _answer(scope, receive)
    headers = [pair for pair in response.headers if pair[0] not in NOT_OURS]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _answer(scope: Scope, receive: Receive) -> Response:
    if scope["method"] != "POST":
        return problem(405, "method_not_allowed", "Send POST.", [(b"allow", b"POST")])
    body = await _read(receive)
    if body is None:
        return problem(413, "too_large", f"body: at most {MOST_BODY_BYTES} bytes.")
    headers = [pair for pair in scope["headers"] if pair[0] in PASSED]
    try:
        return await gateway.call(scope["raw_path"], headers, body, seconds=SECONDS)
    except UpstreamFailed as error:
        detail = f"The gateway does not answer: {error}."
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
