"""`/api/v2` and `/alertmanager/<project>/api/v2`: Alertmanager's API, beside Django.

Prometheus, amtool and whatever else speaks to Alertmanager speak to the portal unchanged. Telling alerts
is answered once they are committed; many requests share one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from channels.db import database_sync_to_async
from django.db import Error

from apps.core.access import Role
from apps.core.errors import PortalError, RoleNeeded
from apps.monitoring.alerting import answers, caller, reading
from apps.monitoring.alerting.caller import Caller
from apps.monitoring.alerting.desk import Desk

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

PATH = re.compile(r"(?:/alertmanager/(?P<slug>[a-z0-9-]{1,60}))?/api/v2/(?P<rest>[\w/-]{1,200}?)/?")
MOST_BYTES = 8 * 1024 * 1024
THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="alertmanager")
HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
TELLING = ("POST", "alerts")
desk = Desk()


class TooLarge(PortalError):
    code, status = "too_large", 413
    sentence = "body: at most {most} bytes; send the alerts in several requests."


class ClientLeft(Exception):
    """Nobody waits for the answer."""


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    try:
        status, body, more = await _answer(scope, receive)
    except ClientLeft:
        return
    except PortalError as error:
        status, body, more = _refused(error)
    except Error:
        text = "The portal's database is not answering. Send this again in a moment."
        status, body, more = 503, orjson.dumps(text), [(b"retry-after", b"2")]
    headers = [*HEADERS, (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})


Answer = tuple[int, bytes, list[tuple[bytes, bytes]]]


async def _answer(scope: Scope, receive: Receive) -> Answer:
    found = PATH.fullmatch(scope["path"])
    method, rest = scope["method"], found["rest"] if found else ""
    who = await _caller(scope, (found["slug"] if found else "") or "")
    if (method, rest) == TELLING:
        return await _take(who, await _body(receive))
    body = await _body(receive) if method in {"POST", "PUT"} else b""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    status, answer = await _in_thread(answers.answer, who, answers.Ask(method, rest, query, body))
    return status, b"" if answer is None else orjson.dumps(answer), []


async def _take(who: Caller, body: bytes) -> Answer:
    """Keep what is told; what cannot be kept is named, as Alertmanager does, and the rest is kept."""
    if who.role < Role.RESPONDER:
        raise RoleNeeded(needed=Role.RESPONDER.label, yours=who.role.label)
    told, wrong = reading.read(body, datetime.now(UTC).timestamp())
    if told:
        await desk.take(who.project.pk, told)
    if wrong:
        return 400, orjson.dumps("; ".join(wrong[:20])), []
    return 200, b"", []


async def _caller(scope: Scope, slug: str) -> Caller:
    given = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            given = value
    text = given.decode("latin-1")
    known = caller.remembered(text, slug)
    if known is not None:
        return known
    found: Caller = await _in_thread(caller.find, text, slug)
    return found


async def _body(receive: Receive) -> bytes:
    message = await receive()
    parts, size = [message.get("body", b"")], 0
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            raise TooLarge(most=MOST_BYTES)
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _refused(error: PortalError) -> Answer:
    more: list[tuple[bytes, bytes]] = []
    if error.status == 401:
        more = [(b"www-authenticate", b'Bearer realm="signalbox"')]
    if error.status == 503:
        more = [(b"retry-after", b"1")]
    return error.status, orjson.dumps(str(error)), more


async def _in_thread(work: Callable[..., Any], *given: Any) -> Any:
    """Run what touches the database beside the event loop, on few threads of its own."""
    run: Any = database_sync_to_async(work, thread_sensitive=False, executor=THREADS)
    return await run(*given)
