from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

import orjson

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True, eq=False)
class Request:
    """One request, read whole. Header names are in lower case; each is there once."""

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes = b""
    keep_alive: bool = True
    # A client of HTTP/1.0 knows no chunks, and must be told that its connection is kept.
    old: bool = False


@dataclass(slots=True)
class Response:
    """One answer, whole."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def encode(self, request: Request | None = None) -> bytes:
        """The bytes on the wire; without a request the connection is closed afterwards."""
        keep = request is not None and request.keep_alive
        lines = [start_of(self.status)]
        lines += [b"%b: %b\r\n" % pair for pair in self.headers]
        lines.append(b"content-length: %d\r\n" % len(self.body))
        lines.append(ending(keep_alive=keep, old=request is not None and request.old))
        if request is None or request.method != b"HEAD":
            lines.append(self.body)
        return b"".join(lines)


def ending(*, keep_alive: bool, old: bool) -> bytes:
    """The end of an answer's head."""
    if keep_alive:
        return b"connection: keep-alive\r\n\r\n" if old else b"\r\n"
    return b"connection: close\r\n\r\n"


_STARTS = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}


def start_of(status: int) -> bytes:
    """The first line of an answer."""
    return _STARTS.get(status) or b"HTTP/1.1 %d Answer\r\n" % status


def problem(status: int, code: str, detail: str, headers: Headers | None = None) -> Response:
    """A refusal in the portal's problem shape."""
    body = {
        "type": f"/docs/api/problems#{code}",
        "code": code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "data": {},
    }
    kind = (b"content-type", b"application/problem+json")
    return Response(status, [kind, *(headers or [])], orjson.dumps(body))
