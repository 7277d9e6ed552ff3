"""How the supervisor finds out whether a process is well."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Probe = Callable[[], Awaitable[bool]]


def http(*, port: int, path: str, host: str = "localhost") -> Probe:
    """Well is what answers at all: an answer that names a fault is the business of monitoring."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    async def probe() -> bool:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                return (await reader.readline()).startswith(b"HTTP/1.")
            finally:
                writer.close()
        return False

    return probe


def blocking(question: Callable[[], bool]) -> Probe:
    """A question that blocks, asked in a thread; while one hangs, no second is asked."""
    asked: list[asyncio.Future[bool]] = []

    async def probe() -> bool:
        if asked and not asked[0].done():
            return False
        asked[:] = [asyncio.ensure_future(asyncio.to_thread(question))]
        return await asyncio.shield(asked[0])

    return probe


async def alive() -> bool:
    """For a process that cannot be asked: that it runs is all there is to know."""
    return True
