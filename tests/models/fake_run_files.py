"""As much of MLflow's REST as the pages of runs ask for, with files and histories of the test's own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import override_settings

from apps.models import upstream
from tests.core.loopback import Asked, Loopback, loopback


@dataclass
class FakeMlflow:
    """What it has: files by path, points by metric and run."""

    files: dict[str, bytes] = field(default_factory=dict)
    points: dict[str, dict[str, list[tuple[int, Any]]]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def answer(self, connection: socket.socket, asked: Asked) -> bytes:
        where = urlsplit(asked.target)
        given = parse_qs(where.query)
        if where.path == "/api/2.0/mlflow/artifacts/list":
            return _json({"files": list(self._listed(given.get("path", [""])[0]))})
        if where.path == "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval":
            return _json({"metrics": list(self._history(given))})
        if where.path == "/get-artifact" and given["path"][0] in self.files:
            return _http("200 OK", self.files[given["path"][0]], "text/html")
        return _http("404 Not Found", b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}')

    def _listed(self, folder: str) -> Iterator[dict[str, Any]]:
        inside = f"{folder}/" if folder else ""
        folders = set()
        for path, content in self.files.items():
            name, _, rest = path.removeprefix(inside).partition("/")
            if not path.startswith(inside) or (rest and name in folders):
                continue
            folders.add(name)
            size = self.sizes.get(path, len(content))
            yield {"path": f"{inside}{name}", "is_dir": bool(rest)} | (
                {} if rest else {"file_size": size}
            )

    def _history(self, given: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
        runs = self.points.get(given["metric_key"][0], {})
        for run_id in given["run_ids"]:
            for step, value in runs.get(run_id, []):
                yield {
                    "run_id": run_id,
                    "step": str(step),
                    "timestamp": 1000 + step,
                    "value": value,
                }


@contextmanager
def fake_mlflow(fake: FakeMlflow) -> Iterator[Loopback]:
    """It answers where the portal looks for MLflow."""
    with loopback(fake.answer) as server, override_settings(MLFLOW_URL=server.url):
        try:
            yield server
        finally:
            upstream._http.cache_clear()


@contextmanager
def no_mlflow() -> Iterator[None]:
    """Nobody answers there."""
    with loopback(lambda connection, asked: None) as server:
        address = server.url
    with override_settings(MLFLOW_URL=address):
        try:
            yield
        finally:
            upstream._http.cache_clear()


def _json(body: Any) -> bytes:
    return _http("200 OK", json.dumps(body).encode())


def _http(status: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
