"""The ASGI application beside Django: admit, pass on, mirror, answer."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.db import DataError, InterfaceError, OperationalError

from apps.core.errors import PortalError
from apps.core.http.forward import Answer, Forward, Headers, Message
from apps.core.logs import request_id
from apps.models import workspaces
from apps.models.errors import MlflowUnusable
from apps.models.proxy import page, refusals
from apps.models.proxy.admission import Admission, admit
from apps.models.proxy.ask import Ask, ClientLeft, Receive, Scope, Send, as_json, read_body, snake
from apps.models.proxy.change import Change
from apps.models.proxy.refusals import Elsewhere, Refusal
from apps.models.servers import Server
from apps.models.upstream import SERVICE, WORKSPACE

logger = logging.getLogger(__name__)

T = TypeVar("T")
# A batch of MLflow's client is below 1 MB; a model's tags and schemas may be larger.
MOST_READ_WHOLE = 16 * 1024 * 1024
READ_SECONDS = 300.0
THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="mlflow")
# Where the portal asks a connected server something: a slow one keeps nobody else's requests waiting.
ELSEWHERE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="mlflow-elsewhere")
# What goes on to MLflow; whoever asks is none of its business, and the workspace is ours to say.
PASSED_ON = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"if-none-match",
        b"range",
        b"user-agent",
        b"x-mlflow-experiment-id",
        b"x-mlflow-run-id",
    }
)
# A body that was read whole goes on as plain JSON.
REWRITTEN = frozenset({b"accept-encoding", b"content-encoding", b"content-length", b"content-type"})
AS_JSON: Headers = [(b"content-type", b"application/json"), (b"accept-encoding", b"identity")]
HTML = b"text/html"
PASSED_BACK = frozenset(
    {
        b"accept-ranges",
        b"content-disposition",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"etag",
        b"last-modified",
        b"retry-after",
    }
)
# A file of a run's is never a page of the portal's.
OURS: Headers = [
    (b"cache-control", b"private, no-store"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request below `/mlflow`."""
    reply = Reply(send)
    token = request_id.set(uuid.uuid4().hex)
    try:
        await _answer(scope, receive, reply)
    except ClientLeft:
        pass
    except Elsewhere as other:
        await reply.lead(other.location)
    except Refusal as refusal:
        await reply.refuse(refusal)
    except PortalError as error:
        await reply.refuse(refusals.of(error))
    except (OperationalError, InterfaceError):
        await reply.refuse(refusals.away("The portal's database is not answering."))
    except DataError:
        await reply.refuse(refusals.unusable("A value is outside of what can be stored."))
    finally:
        request_id.reset(token)


async def _answer(scope: Scope, receive: Receive, reply: Reply) -> None:
    ask = Ask.of(scope)
    if location := page.elsewhere(ask):
        raise Elsewhere(location)
    admission = await _in_thread(admit, ask)
    if admission.answer is not None:
        await reply.send_json(200, admission.answer)
        return
    await _ensure(admission)
    if admission.route is not None and admission.route.is_read_whole:
        await _change(ask, admission, await read_body(receive, MOST_READ_WHOLE), reply)
    else:
        message = await _streamed(ask, admission, receive)
        async with _sent(admission, message) as answer, _watched(receive) as left:
            body = _while_there(answer.body, left)
            await reply.pass_back(answer, body, _shown(admission))


async def _ensure(admission: Admission) -> None:
    """Make the project's workspace where its server does not have it yet."""
    project, server = admission.project, admission.server
    if project is not None and not workspaces.has_seen(project, server):
        await _beside(admission, workspaces.ensure, project, server)


@asynccontextmanager
async def _sent(admission: Admission, message: Message) -> AsyncIterator[Answer]:
    """What the project's server answers. Its refusal of the portal's credentials is not the client's."""
    async with _forward(admission.server).send(message) as answer:
        if answer.status == 401:
            raise MlflowUnusable(reason="It does not accept the portal's credentials.")
        yield answer


async def _streamed(ask: Ask, admission: Admission, receive: Receive) -> Message:
    """The request as it arrives; where its route has a judge, what that one lets pass of it."""
    judge = admission.route.judge if admission.route else None
    if judge is None:
        return _message(ask, admission, _pieces(receive))
    body, headers = await _in_thread(judge, ask, await read_body(receive, MOST_READ_WHOLE))
    return _message(ask, admission, body, headers)


async def _change(ask: Ask, admission: Admission, body: bytes, reply: Reply) -> None:
    """A write that the portal takes part in. MLflow gets the very object that was judged."""
    fields = as_json(body)
    assert admission.project is not None
    change = Change(admission.user, admission.project, ask.method, snake(fields), ask.path)
    if (own := await _beside(admission, _guard, admission, change)) is not None:
        await reply.send_json(200, own)
        return
    message = _message(ask, admission, json.dumps(fields).encode())
    async with _sent(admission, message) as answer:
        told = b"".join([piece async for piece in answer.body])
    if answer.status == 200:
        await _beside(admission, _mirror, admission, change, told)
    elif b"Workspace '" in told:
        workspaces.forget(admission.project)
    await reply.pass_back(answer, _once(told))


def _guard(admission: Admission, change: Change) -> dict[str, Any] | None:
    """Ask every guard; the first that answers by itself has done what was asked for."""
    for guard in admission.route.guards if admission.route else ():
        if (answer := guard(change)) is not None:
            return answer
    return None


def _mirror(admission: Admission, change: Change, told: bytes) -> None:
    """Store what MLflow did. It is done: where storing fails, the next healing catches up."""
    effect = admission.route.effect if admission.route else None
    if effect is None:
        return
    try:
        effect(change, as_json(told))
    except (PortalError, Refusal, OperationalError, DataError, KeyError, TypeError) as error:
        logger.warning("Not mirrored yet in project %s: %r", change.project.pk, error)


def _shown(admission: Admission) -> Headers:
    shown = admission.route.shown if admission.route else None
    return OURS if shown is None else shown


def _message(
    ask: Ask,
    admission: Admission,
    body: bytes | AsyncIterator[bytes],
    headers: Headers = AS_JSON,
) -> Message:
    passed = [(name, value) for name, value in ask.headers.items() if name in PASSED_ON]
    if isinstance(body, bytes):
        passed = [*(each for each in passed if each[0] not in REWRITTEN), *headers]
    if admission.project is not None and admission.server.workspaces:
        passed.append((WORKSPACE.encode(), admission.project.slug.encode()))
    bodiless = ask.method in {"GET", "HEAD"} and b"content-length" not in ask.headers
    return Message(ask.method, ask.target, passed, b"" if bodiless else body)


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """The client's body as it arrives."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        yield message.get("body", b"")
        more = message.get("more_body", False)


@asynccontextmanager
async def _watched(receive: Receive) -> AsyncIterator[asyncio.Task[None]]:
    """A task that is done once the client has left; a server takes what is sent then in silence."""

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    task = asyncio.create_task(leave())
    try:
        yield task
    finally:
        task.cancel()


async def _while_there(
    body: AsyncIterator[bytes], left: asyncio.Task[None]
) -> AsyncIterator[bytes]:
    """The body, for as long as somebody reads it."""
    async for piece in body:
        if left.done():
            raise ClientLeft
        yield piece


async def _once(told: bytes) -> AsyncIterator[bytes]:
    yield told


class Reply:
    """The answer to the client, begun at most once."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def pass_back(
        self, answer: Answer, body: AsyncIterator[bytes], added: Headers = OURS
    ) -> None:
        """MLflow's answer, piece by piece."""
        headers = [(name.lower(), value) for name, value in answer.headers]
        if answer.status >= 400 and dict(headers).get(b"content-type", b"").startswith(HTML):
            raise refusals.unshaped(answer.status)
        kept = [each for each in headers if each[0] in PASSED_BACK]
        await self._begin(answer.status, [*kept, *added])
        async for piece in body:
            await self._more(piece, True)
        await self._more(b"", False)

    async def refuse(self, refusal: Refusal) -> None:
        """An error in MLflow's shape; too late where the answer has begun: then it breaks off."""
        if self._begun:
            raise refusal
        wait = [(b"retry-after", str(refusal.wait).encode())] if refusal.wait else []
        body = {"error_code": refusal.code, "message": refusal.message}
        await self.send_json(refusal.status, body, wait)

    async def lead(self, location: str) -> None:
        """To another address of the portal's."""
        where = [(b"location", location.encode()), (b"content-length", b"0")]
        await self._begin(302, [*where, *OURS])
        await self._more(b"", False)

    async def send_json(
        self, status: int, body: dict[str, Any], more: Headers | None = None
    ) -> None:
        packed = json.dumps(body).encode()
        length = (b"content-length", str(len(packed)).encode())
        kind = (b"content-type", b"application/json")
        await self._begin(status, [kind, length, *(more or []), *OURS])
        await self._more(packed, False)

    async def _begin(self, status: int, headers: Headers) -> None:
        self._begun = True
        named = (b"x-request-id", request_id.get().encode())
        start = {"type": "http.response.start", "status": status, "headers": [*headers, named]}
        await self._send(start)

    async def _more(self, piece: bytes, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})


async def _in_thread(
    work: Callable[..., T], *args: Any, threads: ThreadPoolExecutor = THREADS
) -> T:
    """Run what touches the database beside the event loop, on few threads of its own."""
    run = database_sync_to_async(work, thread_sensitive=False, executor=threads)
    done: T = await run(*args)
    return done


async def _beside(admission: Admission, work: Callable[..., T], *args: Any) -> T:
    """The same for work that may ask the project's server."""
    threads = ELSEWHERE if admission.server.guarded else THREADS
    return await _in_thread(work, *args, threads=threads)


@lru_cache(maxsize=32)
def _forward(server: Server) -> Forward:
    return Forward(
        SERVICE,
        server.url,
        read_seconds=READ_SECONDS,
        auth=server.auth,
        guarded=server.guarded,
    )
