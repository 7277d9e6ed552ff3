"""The guarded transport, lent to a library that brings httpx. It speaks only inside `lending`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from apps.core.http import wire
from apps.core.http.guard import Allow
from apps.core.http.tls import Tls, context

PUBLIC_ONLY = Allow()


@contextmanager
def lending(
    service: str, *, seconds: float, allow: Allow = PUBLIC_ONLY
) -> Iterator[httpx.BaseTransport]:
    """A transport through the guard until the deadline; closed at the end. `allow` adds to HTTP_ALLOW."""
    lent = wire.Transport(
        service, allow=Allow.from_settings() | allow, tls=context(Tls()), uds=None
    )
    with wire.deadline(seconds):
        try:
            yield lent
        finally:
            lent.close()
