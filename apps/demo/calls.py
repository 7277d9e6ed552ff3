"""The demo speaks to its own portal as any client does: over HTTP, with a token."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from apps.core.http import Allow, Http, Timeout

PATIENCE = Timeout(connect=3, read=10, total=12)


def portal(token: str) -> Http:
    """A client of this portal."""
    return Http("The portal", own_address(), auth=token, allow=own(), timeout=PATIENCE)


def own_address() -> str:
    """Where this portal answers."""
    return str(settings.PUBLIC_URL).rstrip("/")


def own() -> Allow:
    """The portal's own host and port, and no other of this machine."""
    where = urlsplit(own_address())
    port = where.port or (443 if where.scheme == "https" else 80)
    host = f"[{where.hostname}]" if ":" in (where.hostname or "") else where.hostname
    return Allow.of(f"{host}:{port}")
