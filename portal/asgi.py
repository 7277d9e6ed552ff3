"""One port: WebSockets to Channels, streams beside Django, everything else to Django on a few fixed threads."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")  # noqa: TID251
get_asgi_application()  # sets Django up before anything below imports a model

from apps.assistant import sse  # noqa: E402
from apps.models import proxy as mlflow  # noqa: E402
from apps.monitoring.alerting import app as alertmanager  # noqa: E402
from apps.predictions import intake as predictions  # noqa: E402
from portal import serve  # noqa: E402
from portal.routing import websockets  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

THREADS = 4
pages = WSGIMiddleware(cast(Any, get_wsgi_application()), workers=THREADS)
events = sse.application(cast(Any, pages))
# Applications beside Django by the first segment of the path; they authenticate by themselves.
BESIDE: dict[str, Any] = {
    "mlflow": mlflow.application,
    "serve": serve.application,
    "alertmanager": alertmanager.application,
}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The portal as one ASGI application."""
    path = scope.get("path", "")
    first = path.split("/", 2)[1:2]
    beside = BESIDE.get(first[0], pages) if first else pages
    if predictions.wants(scope):
        beside = predictions.application
    if sse.wants(scope):
        beside = events
    if path.startswith("/api/v2/"):
        beside = alertmanager.application
    app: Any = websockets if scope["type"] == "websocket" else beside
    await app(scope, receive, send)
