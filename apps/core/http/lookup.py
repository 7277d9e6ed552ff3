"""Where a connection that does not go through this door may go all the same: the gateway's, to a model server."""

from __future__ import annotations

import httpcore

from apps.core.http.errors import Unreachable
from apps.core.http.guard import Allow
from apps.core.http.wire import resolve


def permitted(service: str, host: str, port: int, *, seconds: float = 2.0) -> list[str]:
    """The addresses behind a host, provided that the guard lets connections go to every one of them."""
    try:
        found = resolve(host, port, seconds=seconds)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise Unreachable(service=service, reason=f"{host}: {error}") from error
    return Allow.from_settings().checked(service, host, port, found)
