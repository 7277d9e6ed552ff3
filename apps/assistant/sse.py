"""`POST /api/v1/assistant/ask` as server-sent events, beside Django: a stream must not hold a thread.

The question itself goes through the REST view, with its rights, budgets and idempotency; it answers at once
with the question's id. The answer then grows in the database; what is new of it is sent on. A client that
loses the connection reads the rest at `/api/v1/assistant/conversations/<id>/`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async

from apps.assistant.models import Exchange

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATHS = {"/api/v1/assistant/ask", "/api/v1/assistant/ask/"}
LOOK_SECONDS = 0.15
ALIVE_SECONDS = 10.0
MOST_SECONDS = 600.0
COLUMNS = ("state", "note", "model", "sentences", "evidence", "calls", "timings")


def wants(scope: Scope) -> bool:
    """Whether this request is answered here."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in PATHS:
        return False
    return b"text/event-stream" in dict(scope["headers"]).get(b"accept", b"")


def application(pages: App) -> App:
    """The stream over Django's own application."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        said = _Said()
        await pages(_asking(scope), receive, said.take)
        if said.status not in {200, 202}:
            await said.pass_on(send)
            return
        await _stream(json.loads(said.body)["id"], receive, send)

    return answer


class _Said:
    """What the REST view answered."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")

    async def pass_on(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def _asking(scope: Scope) -> Scope:
    """The same request for an answer by JSON, later."""
    kept = [(k, v) for k, v in scope["headers"] if k not in {b"accept", b"prefer"}]
    headers = [*kept, (b"accept", b"application/json"), (b"prefer", b"respond-async")]
    path = "/api/v1/assistant/ask/"
    return {**scope, "headers": headers, "path": path, "raw_path": path.encode()}


async def _stream(pk: int, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    left = asyncio.create_task(_gone(receive))
    try:
        with suppress(OSError):
            await _send_all(pk, send, left)
            await send({"type": "http.response.body", "body": b""})
    finally:
        left.cancel()


async def _send_all(pk: int, send: Send, left: asyncio.Task[None]) -> None:
    """What is new, until the answer has ended or the client has left; the answer goes on either way."""
    sent: dict[str, int] = {"sentences": 0, "evidence": 0, "calls": 0}
    quiet, loop = 0.0, asyncio.get_running_loop()
    ends_at = loop.time() + MOST_SECONDS
    await _event(send, "begun", {"id": pk})
    while not left.done() and loop.time() < ends_at:
        row = await database_sync_to_async(_read)(pk)
        if row is None:
            return
        quiet += LOOK_SECONDS
        for name, data in _news(row, sent):
            quiet = 0.0
            await _event(send, name, data)
        if row["state"] != Exchange.State.RUNNING:
            await _event(send, "ended", {k: row[k] for k in ("state", "note", "model", "timings")})
            return
        if quiet > ALIVE_SECONDS:
            quiet = 0.0
            await _write(send, b": alive\n\n")
        await asyncio.sleep(LOOK_SECONDS)


def _read(pk: int) -> dict[str, Any] | None:
    row: dict[str, Any] | None = Exchange.objects.filter(pk=pk).values(*COLUMNS).first()
    return row


def _news(row: dict[str, Any], sent: dict[str, int]) -> Iterator[tuple[str, Any]]:
    """What has come since; evidence is sent whole, since a model may have added to it."""
    for call in row["calls"][sent["calls"] :]:
        yield "call", call
    if len(row["evidence"]) > sent["evidence"]:
        yield "evidence", row["evidence"]
    for sentence in row["sentences"][sent["sentences"] :]:
        yield "sentence", sentence
    for name in sent:
        sent[name] = len(row[name])


async def _event(send: Send, name: str, data: Any) -> None:
    await _write(send, f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
