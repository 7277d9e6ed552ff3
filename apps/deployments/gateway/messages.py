from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

import orjson

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Request:
    """One request, read whole. Header names are in lower case."""

    method: str
    target: bytes
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    keep_alive: bool = True

    def header(self, name: bytes) -> bytes:
        """The first value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")

    @property
    def path(self) -> str:
        return self.target.partition(b"?")[0].decode("latin-1")


@dataclass(slots=True)
class Response:
    """One answer, whole."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def encode(self, *, keep_alive: bool) -> bytes:
        """The bytes on the wire."""
        lines = [b"HTTP/1.1 %d %s\r\n" % (self.status, _phrase(self.status))]
        lines += [b"%s: %s\r\n" % pair for pair in self.headers]
        lines.append(b"content-length: %d\r\n" % len(self.body))
        lines.append(
            b"connection: keep-alive\r\n\r\n" if keep_alive else b"connection: close\r\n\r\n"
        )
        return b"".join((*lines, self.body))


_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}


def _phrase(status: int) -> bytes:
    return _PHRASES.get(status, b"Answer")


def problem(status: int, code: str, detail: str, headers: Headers | None = None) -> Response:
    """A refusal in the portal's problem shape."""
    body = {
        "type": f"/docs/api/problems#{code}",
        "code": code,
        "title": _phrase(status).decode(),
        "status": status,
        "detail": detail,
        "data": {},
    }
    kind = (b"content-type", b"application/problem+json")
    return Response(status, [kind, *(headers or [])], orjson.dumps(body))
