"""The model server's ASGI application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from apps.deployments.server.scoring import BadInput, Model

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LONGEST_BODY = 64 * 1024 * 1024  # bytes


class ModelServer:
    """`/ping`, `/health`, `/version` and `/invocations` for one model version."""

    def __init__(self, model: Model, *, name: str, version: str) -> None:
        self.model = model
        self.about = {"model": name, "version": version}
        # One thread: most models hold the interpreter's lock, and many are not safe to share.
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="score")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body = await self._answer(scope, receive)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-served-version", self.about["version"].encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        asked = (scope["method"], scope["path"])
        if asked in {("GET", "/ping"), ("GET", "/health")}:
            return 200, b'{"status": "ready"}'
        if asked == ("GET", "/version"):
            return 200, json.dumps(self.about).encode()
        if asked != ("POST", "/invocations"):
            return _problem(404, f"There is no {asked[0]} {asked[1]}.")
        return await self._invocations(scope, receive)

    async def _invocations(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        loop = asyncio.get_running_loop()
        try:
            body = await _read(receive)
            scored = await loop.run_in_executor(self.worker, self.model.score, body, content_type)
        except BadInput as error:
            return _problem(error.status, str(error))
        return 200, scored


async def _read(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > LONGEST_BODY:
            raise BadInput(f"body: at most {LONGEST_BODY} bytes", status=413)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _problem(status: int, detail: str) -> tuple[int, bytes]:
    body = {"error_code": "BAD_REQUEST", "message": detail, "status": status, "detail": detail}
    return status, json.dumps(body).encode()
