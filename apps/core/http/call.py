"""One request as we mean it, before it is sent and between its hops."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import unquote, urlencode

import httpx

from apps.core.http.errors import BadAddress, Redirected
from apps.core.http.guard import destination
from apps.core.http.redact import secrets_in
from apps.core.http.retry import SAFE

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_HOPS = 5
# What may travel to another origin; everything else may be a credential.
_HARMLESS = frozenset({"accept", "accept-encoding", "user-agent"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Options(TypedDict, total=False):
    """What a request may carry besides its path; one of `json`, `form`, `content`, `file`."""

    params: Mapping[str, Any]
    json: Any
    form: Mapping[str, str]
    content: bytes
    file: Path  # sent piece by piece
    headers: Mapping[str, str]
    accept: Collection[int]  # statuses that are an answer here, not an error
    idempotency_key: str
    seconds: float
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class Call:
    """A request that can be sent any number of times."""

    service: str
    method: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes | Path | None = None
    repeatable: bool = False
    secrets: tuple[str, ...] = ()

    @property
    def origin(self) -> tuple[str, str, int | None]:
        return origin(self.url)

    def redirected(self, status: int, location: str) -> Call:
        """The next hop: guarded like the first, and without credentials on a foreign origin."""
        try:
            url = destination(self.service, self.url.join(location))
        except (httpx.InvalidURL, UnicodeError) as error:
            raise self._astray(status, "to something that is not an address") from error
        reads = self.method in {"GET", "HEAD"}
        if self.url.scheme == "https" and url.scheme == "http":
            raise self._astray(status, "from https to plain http")
        if not reads and (status not in {307, 308} or origin(url) != self.origin):
            raise self._astray(status, f"to {url.host}")
        hop = replace(self, url=url)
        return hop if origin(url) == self.origin else hop._stripped()

    def _stripped(self) -> Call:
        kept = {name: value for name, value in self.headers.items() if name in _HARMLESS}
        return replace(self, headers=httpx.Headers(kept))

    def _astray(self, status: int, where: str) -> Redirected:
        return Redirected(service=self.service, answered=status, where=where)


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)


def prepare(
    service: str, method: str, url: httpx.URL, *, headers: Mapping[str, str], options: Options
) -> Call:
    """Put a call together, or refuse what could smuggle something in."""
    body, kind = _body(service, options)
    sent = {"accept": "application/json, */*;q=0.5", **_lower(headers)}
    sent |= {"content-type": kind} if kind else {}
    if isinstance(body, Path):
        sent["content-length"] = str(body.stat().st_size)
    sent |= _lower(options.get("headers", {}))
    key = options.get("idempotency_key")
    if key:
        sent["idempotency-key"] = key
    params = {name: value for name, value in options.get("params", {}).items() if value is not None}
    if params:
        url = url.copy_merge_params(params)
    return Call(
        service=service,
        method=method,
        url=url,
        headers=_checked(service, {**sent, "accept-encoding": "gzip"}),
        body=body,
        repeatable=method in SAFE or bool(key),
        secrets=(*secrets_in(sent), *secrets_in(params), *secrets_in(options.get("form", {}))),
    )


def target(service: str, base: httpx.URL, path: str) -> httpx.URL:
    """The URL of a path below `base`; a whole URL must stay on the same origin."""
    if re.match(r"(?i)https?://", path):
        url = destination(service, path)
        if origin(url) != origin(base):
            raise BadAddress(service=service, reason=f"{url.host} is not part of this connection.")
        return url
    bare, _, query = path.partition("?")
    if ".." in unquote(unquote(bare)).replace("\\", "/").split("/"):
        raise BadAddress(service=service, reason="a path must not climb with '..'.")
    root = base.raw_path.partition(b"?")[0].decode("ascii").rstrip("/")
    joined = f"{root}/{bare.lstrip('/')}" if bare else root or "/"
    return destination(service, f"{_authority(base)}{joined}{'?' + query if query else ''}")


def _authority(base: httpx.URL) -> str:
    return f"{base.scheme}://{base.netloc.decode('ascii')}"


def _body(service: str, options: Options) -> tuple[bytes | Path | None, str | None]:
    if "file" in options:
        return options["file"], "application/octet-stream"
    if "json" in options:
        try:
            return json.dumps(options["json"], allow_nan=False).encode(), "application/json"
        except (TypeError, ValueError) as error:
            raise BadAddress(service=service, reason=f"the data is not JSON: {error}.") from error
    if "form" in options:
        return urlencode(options["form"]).encode(), "application/x-www-form-urlencoded"
    return options.get("content"), None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _checked(service: str, headers: Mapping[str, str]) -> httpx.Headers:
    for name, value in headers.items():
        if not re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", name):
            raise BadAddress(service=service, reason=f"{name[:40]!r} cannot be a header's name.")
        if not re.fullmatch(r"[\x20-\x7e\t]*", value):
            reason = f"the header {name} holds a line break or a character beyond ASCII."
            raise BadAddress(service=service, reason=reason)
    return httpx.Headers(dict(headers))
