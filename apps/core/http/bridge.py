"""Lets a library that brings httpx2 go out through the guarded transport."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

import httpx
import httpx2

from apps.core.http import wire
from apps.core.http.body import counted
from apps.core.http.errors import Redirected
from apps.core.http.guard import Allow, destination
from apps.core.http.tls import Tls, context

SECONDS = {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 5.0}


@dataclass(frozen=True, slots=True)
class Talk:
    """What holds for every request of one conversation, redirects included."""

    service: str
    https_only: bool
    limit_bytes: int


_talk: ContextVar[Talk] = ContextVar("http_talk")


@contextmanager
def talking(talk: Talk, *, seconds: float) -> Iterator[None]:
    """Let the library speak: until the deadline, within the limits, through the guard."""
    token = _talk.set(talk)
    try:
        with wire.deadline(seconds):
            yield
    finally:
        _talk.reset(token)


class Bridge(httpx2.BaseTransport):
    """A transport of httpx2 over the one that the guard watches. Outside `talking` it refuses."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        talk = _talk.get()
        url = destination(talk.service, str(request.url))
        if talk.https_only and url.scheme != "https":
            where = "from https to plain http"
            raise Redirected(service=talk.service, answered=302, where=where)
        sent = httpx.Request(
            request.method,
            url,
            # Unpacked sizes are the ones that count, so nothing comes packed.
            headers=[*_plain(request), (b"accept-encoding", b"identity")],
            content=request.read(),
            extensions={"timeout": {**SECONDS, **_given(request)}},
        )
        with _translated(request):
            response = _transport(talk.service, Allow.from_settings(), os.getpid()).handle_request(
                sent
            )
        return httpx2.Response(
            response.status_code,
            headers=response.headers.raw,
            stream=_Body(response, request, talk),
            request=request,
        )


class _Body(httpx2.SyncByteStream):
    """The body as it arrives, no longer than the limit."""

    def __init__(self, response: httpx.Response, request: httpx2.Request, talk: Talk) -> None:
        self._response = response
        self._request = request
        self._talk = talk

    def __iter__(self) -> Iterator[bytes]:
        talk = self._talk
        with _translated(self._request):
            raw = self._response.iter_raw()
            yield from counted(raw, service=talk.service, limit=talk.limit_bytes)

    def close(self) -> None:
        self._response.close()


def _plain(request: httpx2.Request) -> list[tuple[bytes, bytes]]:
    return [
        (name, value) for name, value in request.headers.raw if name.lower() != b"accept-encoding"
    ]


def _given(request: httpx2.Request) -> dict[str, float]:
    """The library's own time-outs, where it sets any."""
    given = request.extensions.get("timeout") or {}
    return {name: value for name, value in given.items() if value is not None}


@contextmanager
def _translated(request: httpx2.Request) -> Iterator[None]:
    """The library knows the errors of its own httpx alone; they have the same names."""
    try:
        yield
    except httpx.TransportError as error:
        kind = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise kind(str(error), request=request) from error


@lru_cache(maxsize=8)
def _transport(service: str, allow: Allow, process: int) -> wire.Transport:
    """One pool for a process; another where the administrator's list has changed."""
    return wire.Transport(service, allow=allow, tls=context(Tls()), uds=None)
