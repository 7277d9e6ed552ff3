"""Plays recorded exchanges: a request that is in the record gets its answer, any other is a fault."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.core.loopback import Asked, answer

RECORDED = Path(__file__).parents[1] / "recorded"
JSON = {"content_type": "application/json"}


class Player:
    """The exchanges of one system, by method, path, query and body."""

    def __init__(self, slug: str) -> None:
        self.exchanges: list[dict[str, Any]] = json.loads(
            (RECORDED / slug / "exchanges.json").read_text()
        )
        self.faults: list[str] = []
        self.heard: list[str] = []

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        for exchange in self.exchanges:
            if _fits(exchange, asked):
                self.heard.append(exchange["verb"])
                return answer(exchange["status"], json.dumps(exchange["answer"]).encode(), **JSON)
        self.faults.append(
            f"{asked.method} {asked.target} {asked.body[:2000].decode(errors='replace')}"
        )
        return answer(400, b'{"error": "not in the record"}', **JSON)


def _fits(exchange: dict[str, Any], asked: Asked) -> bool:
    where = urlsplit(asked.target)
    headers = exchange.get("headers", {})
    same = (exchange["method"], exchange["path"]) == (asked.method, where.path)
    asks = exchange.get("query", {}) == parse_qs(where.query)
    signed = all(asked.headers.get(name) == value for name, value in headers.items())
    body = json.loads(asked.body) if asked.body and "body" in exchange and same else None
    return same and asks and signed and exchange.get("body") == body
