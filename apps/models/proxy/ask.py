"""What a client asks for, read with distrust: one way to read a path, or none."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from apps.models.proxy import refusals

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Json = dict[str, Any]

PREFIX = "/mlflow"
# What MLflow could decode once more, step up with, or read as another kind of path.
_ODD = re.compile(r"[\x00-\x1f\x7f\\#]|//|%[0-9a-fA-F]{2}|(^|/)\.\.?(/|$)")
_CAMEL = re.compile(r"(?<=[a-z0-9])[A-Z]")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request below `/mlflow`, its path decoded once."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]

    @classmethod
    def of(cls, scope: Scope) -> Ask:
        """Read the request; a `Refusal` for a path that can be read in two ways."""
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        try:
            path = unquote_to_bytes(raw).decode()
        except UnicodeDecodeError as error:
            raise refusals.unusable("The path is not UTF-8.") from error
        path = path.removeprefix(PREFIX)
        if _ODD.search(path):
            raise refusals.unusable("Invalid path")
        return cls(scope["method"], path, scope.get("query_string", b""), dict(scope["headers"]))

    @property
    def target(self) -> bytes:
        """The path and query as they go on to MLflow."""
        path = quote(self.path, safe="/~!$&'()*+,;=:@").encode()
        return path + (b"?" + self.query if self.query else b"")

    @property
    def token(self) -> str:
        """The portal's token: as bearer, or as the password that MLflow's client sends as Basic."""
        scheme, _, value = self.header(b"authorization").partition(" ")
        if scheme.lower() == "bearer":
            return value.strip()
        return _password(value) if scheme.lower() == "basic" else ""

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1").strip()


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def read_body(receive: Receive, most: int) -> bytes:
    """The whole body, bounded."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        size += len(message.get("body", b""))
        if size > most:
            raise refusals.too_large(most)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


class ClientLeft(Exception):
    """The client closed the connection before its request was complete."""


def as_json(body: bytes) -> Json:
    """The body's object. MLflow reads one inside a string as well, so this does."""
    try:
        read = json.loads(body) if body.strip() else {}
        read = json.loads(read) if isinstance(read, str) else read
    except (ValueError, RecursionError) as error:
        raise refusals.unusable("The body is not JSON.") from error
    if not isinstance(read, dict):
        raise refusals.unusable("The body must be a JSON object.")
    return read


def snake(fields: Json) -> Json:
    """The names in the spelling of MLflow's documents; protobuf takes `runId` for `run_id` too."""
    spelled = {_CAMEL.sub(lambda found: f"_{found[0].lower()}", key): fields[key] for key in fields}
    return {**spelled, **fields}  # the exact name counts where both are given
