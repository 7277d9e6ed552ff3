"""Sends predictions on many connections, each body with ids of its own; costs little beside the server."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import httptools
import numpy as np
import pyarrow as pa
import pyarrow.compute
import uvloop

ARROW = "application/vnd.apache.arrow.stream"
NAMES = itertools.count()
RUN = f"{time.time_ns():x}"


def main(told: dict[str, Any]) -> dict[str, float]:
    """What was accepted, how long it lasted, and the percentiles of answers in ms."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(told))


async def _measure(told: dict[str, Any]) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    body = BODIES[told["kind"]](told["rows"], told["features"])
    kind = ARROW if told["kind"] == "arrow" else "application/json"
    head = (
        "POST /api/v1/predictions/?deployment=churn-live HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: Bearer {told['token']}\r\ncontent-type: {kind}\r\n"
    )
    clients = []
    begun = time.perf_counter()
    for _ in range(told["clients"]):
        done: asyncio.Future[None] = loop.create_future()
        client = Client(head, body, begun + told["seconds"], done)
        await loop.create_connection(lambda client=client: client, "127.0.0.1", told["port"])
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    lasted = time.perf_counter() - begun
    taken = np.concatenate([client.taken for client in clients]) * 1000
    p50, p99 = np.percentile(taken, [50, 99])
    return {"accepted": sum(c.accepted for c in clients), "lasted": lasted, "p50": p50, "p99": p99}


class Client(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    def __init__(
        self, head: str, body: Callable[[], bytes], until: float, done: asyncio.Future[None]
    ) -> None:
        self.head, self.body, self.until, self.done = head, body, until, done
        self.taken: list[float] = []
        self.accepted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._ask()

    def _ask(self) -> None:
        self.parser, self.answer = httptools.HttpResponseParser(self), b""
        body = self.body()
        self.begun = time.perf_counter()
        self.transport.write(f"{self.head}content-length: {len(body)}\r\n\r\n".encode() + body)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.answer += body

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self.taken.append(now - self.begun)
        if self.parser.get_status_code() != 200:
            self._end(RuntimeError(self.answer[:500].decode()))
            return
        self.accepted += json.loads(self.answer)["accepted"]
        if now < self.until:
            asyncio.get_running_loop().call_soon(self._ask)
        else:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or RuntimeError("the server closed the connection"))

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)
            self.transport.close()


def _arrow(rows: int, features: int) -> Callable[[], bytes]:
    values = np.random.default_rng(1).random((features + 1, rows))
    columns = {f"inputs.f{n}": values[n] for n in range(features)}
    columns |= {"inputs.city": pa.array(["Bern"] * rows), "outputs.score": values[-1]}
    times = pa.array(np.full(rows, time.time()))

    def body() -> bytes:
        mark = f"{RUN}-{next(NAMES)}-"
        ids = pa.compute.binary_join_element_wise(
            pa.scalar(mark), pa.array(np.arange(rows)).cast(pa.string()), ""
        )
        table = pa.table({"id": ids, "time": times, **columns})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue().to_pybytes()

    return body


def _record(features: int, key: str) -> dict[str, Any]:
    inputs = {f"f{n}": 0.123456789 * (n + 1) for n in range(features)} | {"city": "Bern"}
    return {"id": key, "time": time.time(), "inputs": inputs, "outputs": {"score": 0.75}}


def _json(rows: int, features: int) -> Callable[[], bytes]:
    records = [_record(features, f"@MARK@-{n}") for n in range(rows)]
    whole = json.dumps({"deployment": "churn-live", "records": records}).encode()
    return lambda: whole.replace(b"@MARK@", f"{RUN}-{next(NAMES)}".encode())


BODIES: dict[str, Callable[[int, int], Callable[[], bytes]]] = {
    "arrow": _arrow, "json": _json, "single": _json,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
