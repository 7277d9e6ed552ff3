"""Bodies piece by piece: a file on its way out; an answer, until it grows beyond its limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from apps.core.http.errors import BadAnswer, TooLarge

PIECE = 64 * 1024


@contextmanager
def outgoing(body: bytes | Path | None) -> Iterator[bytes | Iterator[bytes] | None]:
    """A body as it is sent; a file is read while it goes out, from its start at each try."""
    if not isinstance(body, Path):
        yield body
        return
    with body.open("rb") as file:
        yield iter(partial(file.read, PIECE), b"")


def pieces(response: httpx.Response, *, service: str, limit: int) -> Iterator[bytes]:
    """The decoded body in pieces of bounded size. Both sides of the decoder count."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(service=service, limit=limit)
    raw = counted(response.iter_raw(), service=service, limit=limit)
    if encoding in {"gzip", "x-gzip"}:
        yield from counted(_inflated(raw, service), service=service, limit=limit)
    elif encoding in {"identity", ""}:
        yield from raw
    else:
        raise BadAnswer(service=service, reason=f"it is packed as {encoding[:20]}, unasked")


def counted(chunks: Iterable[bytes], *, service: str, limit: int) -> Iterator[bytes]:
    """The same pieces, until they are more than the limit."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(service=service, limit=limit)
        yield chunk


def lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a body that arrives in parts; the last one may lack its end."""
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def _inflated(chunks: Iterable[bytes], service: str) -> Iterator[bytes]:
    """Unpack gzip with an upper bound per step: a bomb never stands in memory."""
    unpack = _gzip()
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpack.eof:
                unpack = _gzip()
            try:
                yield unpack.decompress(rest, PIECE)
            except zlib.error as error:
                raise BadAnswer(service=service, reason="its gzip data is damaged") from error
            rest = unpack.unconsumed_tail or unpack.unused_data
    yield unpack.flush()
    if not unpack.eof:
        raise BadAnswer(service=service, reason="its gzip data ends too early")


def _gzip() -> zlib._Decompress:
    return zlib.decompressobj(wbits=31)
