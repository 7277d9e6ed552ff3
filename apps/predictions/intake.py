"""Predictions and ground truth beside Django: requests of one moment share a commit.

Takes what a program sends: a POST with a token and without `Idempotency-Key` (an id is taken once
anyway). Everything else goes to the REST views, which answer the same. Who a token stands for, and where
it may write, is remembered for a few seconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import orjson
from channels.db import database_sync_to_async
from django.db import DatabaseError, InterfaceError, OperationalError
from rest_framework.exceptions import AuthenticationFailed

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.core.access import Role
from apps.core.api import problems
from apps.core.errors import PortalError
from apps.core.logs import request_id
from apps.predictions import bodies, services, sources
from apps.predictions.bodies import Sent
from apps.predictions.models import Kind
from apps.predictions.services import Ask, Outcome
from apps.predictions.sources import Source

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

KINDS = {"/api/v1/predictions/": Kind.PREDICTION, "/api/v1/ground-truth/": Kind.TRUTH}
REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 10_000
SMALL_BYTES = 16 * 1024  # what is larger has a commit of its own
MOST_TOGETHER = 1_000
READ_SECONDS = 60.0
# One for what shares a commit, and two for what has its own.
TOGETHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predictions")
ALONE = ThreadPoolExecutor(max_workers=2, thread_name_prefix="predictions-alone")
Answer = Outcome | Exception


@dataclass(frozen=True, slots=True)
class Request:
    """One POST, as it came."""

    kind: Kind
    token: str
    deployment: str
    content_type: str
    body: bytes


def wants(scope: Scope) -> bool:
    """Whether this request is answered here."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in KINDS:
        return False
    headers = dict(scope["headers"])
    return (
        headers.get(b"authorization", b"").startswith(b"Bearer ")
        and b"idempotency-key" not in headers
        and b"content-encoding" not in headers
    )


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `{accepted, duplicates, set_aside}` once it is committed."""
    request_id.set(uuid.uuid4().hex)
    try:
        asked = _request(scope, await _body(scope, receive))
    except (PortalError, TimeoutError) as error:
        await _send(send, error)
        return
    if asked is None:
        return  # the client left
    if len(asked.body) <= SMALL_BYTES and asked.content_type in ("", bodies.JSON):
        answer = await together.add(asked)
    else:
        answer = await database_sync_to_async(_alone, thread_sensitive=False, executor=ALONE)(asked)
    await _send(send, answer)


def _request(scope: Scope, body: bytes | None) -> Request | None:
    if body is None:
        return None
    headers = dict(scope["headers"])
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("deployment", [""])
    return Request(
        KINDS[scope["path"]],
        headers[b"authorization"].decode("latin-1").removeprefix("Bearer ").strip(),
        named[-1],
        headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower(),
        body,
    )


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; `None` where the client left. Too much of it is refused before it is read."""
    told = dict(scope["headers"]).get(b"content-length", b"0")
    if told.isdigit() and int(told) > bodies.MOST_BYTES:
        raise bodies.TooLarge(most=bodies.MOST_BYTES, unit="bytes")
    parts: list[bytes] = []
    size, more = 0, True
    async with asyncio.timeout(READ_SECONDS):
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > bodies.MOST_BYTES:
                raise bodies.TooLarge(most=bodies.MOST_BYTES, unit="bytes")
            more = message.get("more_body", False)
    return b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    status, body, kind = _told(answer)
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.get().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _told(answer: Answer) -> tuple[int, bytes, bytes]:
    if isinstance(answer, Outcome):
        return 200, orjson.dumps(answer), b"application/json"
    if isinstance(answer, TimeoutError):
        told = problems.problem(408, "too_slow", "body: it did not come within a minute.")
        return 408, orjson.dumps(told), problems.MEDIA_TYPE.encode()
    response = problems.on_error(answer, {})
    if response is None:
        logger.error("Predictions could not be taken in", exc_info=answer)
        told = problems.problem(500, "crashed", "Something went wrong on our side.")
        return 500, orjson.dumps(told), problems.MEDIA_TYPE.encode()
    return response.status_code, orjson.dumps(response.data), problems.MEDIA_TYPE.encode()


class Together:
    """Requests that come while others are being committed share the next commit."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Request, asyncio.Future[Answer]]] = []
        self.running: asyncio.Task[None] | None = None

    def add(self, asked: Request) -> asyncio.Future[Answer]:
        """What will be answered."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((asked, answer))
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._run())
        return answer

    async def _run(self) -> None:
        commit = database_sync_to_async(_together, thread_sensitive=False, executor=TOGETHER)
        while self.waiting:
            taken, self.waiting = self.waiting[:MOST_TOGETHER], self.waiting[MOST_TOGETHER:]
            answers = await commit([asked for asked, _ in taken])
            for (_, future), answer in zip(taken, answers, strict=True):
                if not future.done():  # a client may have left
                    future.set_result(answer)


together = Together()


def _by_itself(ask: Ask) -> Answer:
    try:
        return services.append_together(asks=[ask])[0]
    except Exception as error:  # noqa: BLE001  answered as a failure of our own, with the log's line
        return error


def _together(requests: Sequence[Request]) -> list[Answer]:
    """One transaction for all that can be read; where it fails, each has another of its own."""
    answers: list[Answer] = [_readable(asked) for asked in requests]  # type: ignore[misc]
    places = [at for at, answer in enumerate(answers) if isinstance(answer, Ask)]
    asks: list[Ask] = [answers[at] for at in places]  # type: ignore[misc]
    outcomes: Sequence[Answer]
    try:
        outcomes = services.append_together(asks=asks)
    except (OperationalError, InterfaceError) as error:  # the database is away, for each of them
        outcomes = [error] * len(asks)
    except Exception:  # noqa: BLE001  one of them: each is tried alone, and answered whatever happens
        outcomes = [_by_itself(ask) for ask in asks]
    for at, outcome in zip(places, outcomes, strict=True):
        answers[at] = outcome
    return answers


def _readable(asked: Request) -> Ask | Exception:
    try:
        source, sent = _admitted(asked)
    except (PortalError, AuthenticationFailed, DatabaseError) as error:
        return error
    return Ask(source, asked.kind, sent.records or [])


def _alone(asked: Request) -> Answer:
    try:
        source, sent = _admitted(asked)
        return services.append_sent(source=source, kind=asked.kind, sent=sent)
    except (PortalError, AuthenticationFailed, DatabaseError) as error:
        return error


def _admitted(asked: Request) -> tuple[Source, Sent]:
    user = _user(asked.token)  # before anything of the body is read
    sent = bodies.read(asked.body, asked.content_type, asked.deployment)
    return _source(asked.token, user, sent.deployment), sent


class _Remembered(dict[Any, tuple[float, Any]]):
    """Answers that stay good for a few seconds; refusals are not remembered."""

    def ask(self, key: Any, question: Callable[[], Any]) -> Any:
        now = time.monotonic()
        if (known := self.get(key)) is not None and known[0] > now:
            return known[1]
        answer = question()
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[key] = (now + REMEMBERED_SECONDS, answer)
        return answer


users, places = _Remembered(), _Remembered()


def _user(token: str) -> User:
    def question() -> User:
        if (found := accounts.user_of_token(token)) is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        return found[0]

    found: User = users.ask(token, question)
    return found


def _source(token: str, user: User, slug: str) -> Source:
    found: Source = places.ask((token, slug), lambda: sources.resolve(user, slug, Role.CONTRIBUTOR))
    return found
