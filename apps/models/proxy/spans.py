"""Spans by OTLP: read before they go on, because an attribute of theirs may become a tag of the trace."""

from __future__ import annotations

import json
import zlib

from apps.core.http.forward import Headers
from apps.models.proxy import refusals
from apps.models.proxy.ask import Ask, as_json
from apps.models.proxy.confines import PLACES, parts, refuse_places

PREFIX = "mlflow.traceTag."
MOST_OPENED = 64 * 1024 * 1024
GZIP, ZLIB, RAW = 31, 15, -15
JSON = "application/json"


def judged(ask: Ask, body: bytes) -> tuple[bytes, Headers]:
    """What goes on to MLflow in place of the body: the very bytes that were looked at."""
    try:
        opened = _opened(body, ask.header(b"content-encoding").lower())
    except zlib.error as error:
        raise refusals.unusable("The body is not compressed as its header says.") from error
    kind = ask.header(b"content-type").partition(";")[0].strip()
    if kind == JSON:
        fields = as_json(opened)
        opened = json.dumps(fields).encode()
        refuse_places({place for place in PLACES for part in parts(fields) if _says(part, place)})
    else:
        refuse_places({place for place in PLACES if f"{PREFIX}{place}".encode() in opened})
    return opened, [(b"content-type", kind.encode("latin-1")), (b"accept-encoding", b"identity")]


def _says(part: object, place: str) -> bool:
    return isinstance(part, str) and f"{PREFIX}{place}" in part


def _opened(body: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"}:
        return body
    if encoding == "gzip":
        return _inflated(body, GZIP)
    if encoding == "deflate":
        try:
            return _inflated(body, ZLIB)
        except zlib.error:
            return _inflated(body, RAW)
    raise refusals.unusable("Content-Encoding: gzip, deflate or none.")


def _inflated(body: bytes, window: int) -> bytes:
    """Bounded, and one stream only: a second one would go on unread."""
    stream = zlib.decompressobj(window)
    opened = stream.decompress(body, MOST_OPENED)
    if stream.unconsumed_tail:
        raise refusals.too_large(MOST_OPENED)
    if not stream.eof or stream.unused_data:
        raise refusals.unusable("The body is not one whole compressed stream.")
    return opened
