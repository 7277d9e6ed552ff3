"""Which consumer answers which WebSocket, and who may knock.

The portal's own pages come with their session's cookie and must come from the portal's own origin; an
integration comes with `Authorization: Bearer sbx_…`, which no foreign page can make a browser send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, cast

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.urls import path

from apps.accounts import selectors
from apps.core import origins
from apps.core.access import Person
from apps.core.consumers import LiveConsumer

Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
SCHEMES = {"bearer", "token"}
SESSIONS = import_module(settings.SESSION_ENGINE)


class ByToken:
    """Lets a request with an API token in as its user; every other one goes the way of the pages."""

    def __init__(self, inner: App, *, otherwise: App) -> None:
        self.inner = inner
        self.otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        scheme, _, value = _header(scope, b"authorization").partition(" ")
        if scheme.lower() not in SCHEMES:
            await self.otherwise(scope, receive, send)
            return

        async def renew() -> Person:
            return await database_sync_to_async(_user_of_token)(value.strip())

        await self.inner({**scope, "user": await renew(), "renew": renew}, receive, send)


class BySession:
    """Lets the user of the session in, and can ask again whether the session still stands."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        key = scope["session"].session_key

        async def renew() -> Person:
            whole: Any = {"session": SESSIONS.SessionStore(key)}
            return cast(Person, await get_user(whole))

        await self.inner({**scope, "user": await renew(), "renew": renew}, receive, send)


class OwnOrigin:
    """Refuses pages of other origins: a browser would send the cookies along."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        app: Any = self.inner if _is_own_origin(scope) else WebsocketDenier()
        await app(scope, receive, send)


def _is_own_origin(scope: Scope) -> bool:
    return origins.is_own(_header(scope, b"origin"), _header(scope, b"host"))


def _header(scope: Scope, name: bytes) -> str:
    values = [value for key, value in scope.get("headers", []) if key.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _user_of_token(value: str) -> Person:
    found = selectors.user_of_token(value)
    return found[0] if found else AnonymousUser()


_consumer: Any = LiveConsumer.as_asgi()
_routes: Any = [path("ws/live/", _consumer)]
_live: Any = URLRouter(_routes)
_with_session: Any = CookieMiddleware(SessionMiddleware(BySession(_live)))
_pages = OwnOrigin(_with_session)
websockets = ByToken(_live, otherwise=_pages)
