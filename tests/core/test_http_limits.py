"""Bounds: whatever the other side does, a call ends in time and in memory, with a clear error."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.core.http import (
    NEVER,
    Allow,
    BadAnswer,
    Http,
    Retryable,
    TimedOut,
    Timeout,
    TooLarge,
    Unreachable,
)
from tests.core.loopback import Asked, Loopback, Script, always, answer, loopback

HERE = Allow.of("127.0.0.0/8")
MEGABYTE = 1024 * 1024
SOON = 0.3  # seconds a test gives the other side
LATE = Timeout(connect=600, read=600, total=600)  # so that nothing else ends a call in time
BOMB = gzip.compress(bytes(16 * MEGABYTE)) * 128  # 2 GB in 2 MB


@contextmanager
def calling(script: Script, **options: Any) -> Iterator[tuple[Http, Loopback]]:
    with loopback(script) as server, Http("Jira", server.url, **KNOBS, **options) as http:
        yield http, server


KNOBS: dict[str, Any] = {"allow": HERE, "retry": NEVER}


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


@contextmanager
def in_time() -> Iterator[None]:
    """Far from LATE, and far from how long the machine may stand still."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 120


def endless(head: bytes, piece: bytes = bytes(65536)) -> Script:
    def send(connection: socket.socket, _: Asked) -> None:
        connection.sendall(head)
        for _ in range(2 * 1024 * MEGABYTE // len(piece)):
            connection.sendall(piece)

    return send


def dripping(drop: bytes, before: bytes = b"") -> Callable[[Loopback], Script]:
    """Send one drop after the other until the test is over."""

    def script(server: Loopback) -> Script:
        def send(connection: socket.socket, _: Asked) -> None:
            connection.sendall(before)
            while not server.over.wait(0.02):
                connection.sendall(drop)

        return send

    return script


CHUNK = b"10000\r\n" + bytes(65536) + b"\r\n"


@pytest.mark.parametrize(
    "script",
    [
        endless(b"HTTP/1.1 200 OK\r\n\r\n"),
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n"),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK),
    ],
    ids=["until it closes", "announced", "chunked"],
)
def test_it_stops_reading_two_gigabytes(script: Script) -> None:
    with (
        calling(script, limit_bytes=MEGABYTE) as (http, _),
        memory_below(4 * MEGABYTE),
        pytest.raises(TooLarge, match="Jira sent more than the 1048576 bytes"),
    ):
        http.get()


@pytest.mark.parametrize("bomb", [BOMB, gzip.compress(bytes(64 * MEGABYTE))])
def test_it_counts_what_comes_out_of_a_gzip_bomb(bomb: bytes) -> None:
    script = always(body=bomb, content_encoding="gzip")
    with (
        calling(script, limit_bytes=MEGABYTE * 5) as (http, _),
        memory_below(12 * MEGABYTE),
        pytest.raises(TooLarge),
    ):
        http.get()


def test_it_counts_an_endless_row_of_empty_gzip_members() -> None:
    script = endless(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 999)
    with calling(script, limit_bytes=MEGABYTE) as (http, _), pytest.raises(TooLarge):
        http.get()


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_it_unpacks_only_what_it_asked_for(encoding: str) -> None:
    with calling(always(content_encoding=encoding)) as (http, _), pytest.raises(BadAnswer):
        http.get()


@pytest.mark.parametrize("damage", [slice(0, -9), slice(4, None)])
def test_it_says_that_gzip_data_is_damaged(damage: slice) -> None:
    script = always(body=gzip.compress(b"[1, 2, 3]" * 99)[damage], content_encoding="gzip")
    with calling(script) as (http, _), pytest.raises(BadAnswer, match="gzip data"):
        http.get()


def test_it_reads_gzip() -> None:
    body = gzip.compress(b"[1,") + gzip.compress(b"2]")
    with calling(always(body=body, content_encoding="GZIP")) as (http, server):
        assert http.get() == [1, 2]
        assert server.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    "drip",
    [
        dripping(b""),
        dripping(b"H"),
        dripping(b"X: y\r\n", before=b"HTTP/1.1 200 OK\r\n"),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"1", before=b"HTTP/1.1 200 OK\r\n\r\n"),
        dripping(b"1\r\n1\r\n", before=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        dripping(b"1", before=b"HTTP/1.1 503 Later\r\n\r\n"),
    ],
    ids=["silence", "status line", "headers", "interim answers", "body", "chunks", "error body"],
)
def test_it_ends_at_the_deadline(drip: Callable[[Loopback], Script]) -> None:
    def script(connection: socket.socket, asked: Asked) -> bytes | None:
        return drip(server)(connection, asked)

    with calling(script, timeout=LATE) as (http, server), in_time(), pytest.raises(Retryable):
        http.get(seconds=SOON)


def test_it_ends_when_nobody_reads_what_it_sends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, in_time():
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises((TimedOut, Unreachable)):
            Http("Jira", url, timeout=LATE, **KNOBS).post(
                content=bytes(32 * MEGABYTE), seconds=SOON
            )


def test_it_ends_a_handshake_that_never_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, in_time():
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Unreachable):
            Http("Jira", url, timeout=LATE, **KNOBS).get(seconds=SOON)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "hung up before the end"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "hung up before the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "hung up before the end"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "does not speak HTTP"),
    ],
    ids=["nothing", "half a body", "half a chunk", "another protocol", "huge header", "bad chunk"],
)
def test_it_names_broken_answers(sent: bytes, reason: str) -> None:
    def script(connection: socket.socket, _: Asked) -> None:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)

    with calling(script) as (http, _), pytest.raises(Unreachable, match=reason):
        http.get()


def test_it_survives_a_half_closed_connection_in_its_pool() -> None:
    def script(connection: socket.socket, _: Asked) -> None:
        connection.sendall(answer(body=b"1"))

    with calling(script) as (http, server):
        assert http.get() == 1
        assert server.hung_up.wait(60)
        assert http.get() == 1
        assert server.connections == 2


def test_it_keeps_a_connection_open() -> None:
    with calling(always()) as (http, server):
        assert [http.get() for _ in range(3)] == [{}, {}, {}]
        assert server.connections == 1


def test_it_downloads_in_bounded_memory(tmp_path: Path) -> None:
    size = 24 * MEGABYTE
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    with calling(endless(head)) as (http, _), memory_below(2 * MEGABYTE):
        done = http.download("/model", tmp_path / "model", limit_bytes=size)

    assert done.size == size == (tmp_path / "model").stat().st_size
    assert len(done.sha256) == 64


def test_it_leaves_no_half_file(tmp_path: Path) -> None:
    with calling(endless(b"HTTP/1.1 200 OK\r\n\r\n")) as (http, _), pytest.raises(TooLarge):
        http.download("/model", tmp_path / "model", limit_bytes=MEGABYTE)

    assert list(tmp_path.iterdir()) == []
