"""The same request again and again on many connections, by a client that costs little beside a server."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import httptools
import numpy as np
import uvloop


class Client(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, message: bytes, until: float, done: asyncio.Future[None]) -> None:
        self.message, self.until, self.done = message, until, done
        self.taken: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._ask()

    def _ask(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.begun = time.perf_counter()
        self.transport.write(self.message)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self.taken.append(now - self.begun)
        if self.parser.get_status_code() != 200:
            self._end(RuntimeError(f"HTTP {self.parser.get_status_code()}"))
        elif now < self.until:
            asyncio.get_running_loop().call_soon(self._ask)
        else:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or RuntimeError("the server closed the connection"))

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)
            self.transport.close()


async def measure(told: dict[str, Any]) -> dict[str, float]:
    """Requests a second, and the percentiles in milliseconds."""
    loop = asyncio.get_running_loop()
    body = told["body"].encode()
    lines = [f"POST {told['path']} HTTP/1.1", f"host: 127.0.0.1:{told['port']}"]
    lines += [f"{name}: {value}" for name, value in told["headers"].items()]
    head = "\r\n".join([*lines, f"content-length: {len(body)}", "", ""])
    begun = time.perf_counter()
    clients = []
    for _ in range(told["clients"]):
        done: asyncio.Future[None] = loop.create_future()
        client = Client(head.encode() + body, begun + told["seconds"], done)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", told["port"])
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    lasted = time.perf_counter() - begun
    taken = np.concatenate([client.taken for client in clients]) * 1000
    p50, p99 = np.percentile(taken, [50, 99])
    return {"rate": len(taken) / lasted, "p50": p50, "p99": p99, "count": len(taken)}


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure(json.load(sys.stdin)))))
