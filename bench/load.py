"""Requests one after another, and from many clients at once, each with a connection of its own."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured, in milliseconds and requests a second."""

    p50: float
    p95: float
    rate: float
    count: int

    def __str__(self) -> str:
        return (
            f"p50 {self.p50:7.1f} ms   p95 {self.p95:7.1f} ms   {self.rate:7.1f}/s   n {self.count}"
        )


Make = Callable[[int, int], Request]


def measure(address: str, make: Make, *, clients: int, seconds: float, least: int = 0) -> Figures:
    """Let the clients ask for some seconds; `make(client, number)` says what."""
    taken: list[float] = []
    begun = time.perf_counter()
    threads = [
        threading.Thread(target=_ask, args=(address, make, client, begun + seconds, least, taken))
        for client in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.perf_counter() - begun
    found = np.array(taken) * 1000
    p50, p95 = np.percentile(found, [50, 95])
    return Figures(float(p50), float(p95), len(taken) / lasted, len(taken))


def _ask(
    address: str, make: Make, client: int, until: float, least: int, taken: list[float]
) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
    number = 0
    while time.perf_counter() < until or number < least:
        request = make(client, number)
        begun = time.perf_counter()
        connection.request(request.method, request.target, request.body, request.headers)
        answer = connection.getresponse()
        body = answer.read()
        taken.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise SystemExit(f"{request.target}: HTTP {answer.status} {body[:300]!r}")
        number += 1
    connection.close()
