"""A server as the portal knows it, before anything is asked of it. No database in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.assistant.models import Provider
from apps.core.http import Allow, Http, Timeout

OLLAMA_NAME = "Ollama"


@dataclass(frozen=True, slots=True)
class Site:
    """One model on one server. `trusted`: named in the portal's own settings, so the guard lets it pass."""

    name: str
    kind: str
    base_url: str
    model: str
    window: int = 4096
    calls: str = Provider.Calls.NONE
    secret: str = ""
    keep_alive_minutes: int = 5
    pk: int | None = None
    trusted: bool = False

    @property
    def allow(self) -> Allow:
        """Exceptions from the guard for this server."""
        return Allow.of(_host(self.base_url)) if self.trusted else Allow()

    def http(self, *, path: str = "", timeout: Timeout | None = None) -> Http:
        """The portal's own client for it."""
        base = self.base_url.rstrip("/") + path
        more: dict[str, Any] = {"timeout": timeout} if timeout else {}
        return Http(self.name, base, auth=self.secret or None, allow=self.allow, **more)


def of(provider: Provider) -> Site:
    """The server of a stored provider, its secret opened."""
    return Site(
        name=provider.name,
        kind=provider.kind,
        base_url=provider.base_url,
        model=provider.model,
        window=provider.window,
        calls=provider.calls,
        secret=provider.secret.reveal() if provider.secret else "",
        keep_alive_minutes=provider.keep_alive_minutes,
        pk=provider.pk,
    )


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
