"""The fake MLflow behind a real socket, with the faults that a server in trouble shows."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from django.test import override_settings

from apps.core.http import Http, Timeout
from apps.models import upstream
from apps.models.servers import Server
from apps.models.upstream import _http
from tests.models.fake_registry import Absent, FakeMlflow

HTML = b"<html><title>Bad gateway</title></html>"
FAULTS: dict[str, tuple[int, bytes]] = {
    "500": (500, b'{"error_code": "INTERNAL_ERROR", "message": "no"}'),
    "502 with a page": (502, HTML),
    "a page": (200, HTML),
    "half an object": (200, b'{"run": {"info"'),
    "a list": (200, b"[1, 2]"),
    "nothing": (200, b""),
    "another object": (200, b'{"registered_models": null, "hello": 1}'),
}
# Only for one that hangs, and never answers.
QUICK = Timeout(connect=60, read=0.5, total=120)


class FaultyMlflow(FakeMlflow):
    """Answers as MLflow does until `fault` says otherwise: one of FAULTS, `hang`, or `cut`."""

    def __init__(self) -> None:
        super().__init__()
        self.fault = ""
        self.released = threading.Event()

    @contextmanager
    def listening(self) -> Iterator[FaultyMlflow]:
        """Listen on a port of its own, and be the portal's MLflow."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            with override_settings(MLFLOW_URL=url), patch.object(upstream, "_http", self.http):
                yield self
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()

    def http(self, server: Server, process: int, timeout: Timeout | None = None) -> Http:
        quick = QUICK if self.fault == "hang" else timeout
        return _http(server, process, quick)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        mlflow = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                self.reply(json.loads(self.rfile.read(size) or b"{}"))

            def do_DELETE(self) -> None:
                self.do_POST()

            def reply(self, given: dict[str, Any]) -> None:
                if mlflow.fault == "hang":
                    mlflow.released.wait()
                elif mlflow.fault == "cut":
                    self.connection.close()
                else:
                    self.send(*mlflow.said(self.command, urlsplit(self.path).path, given))

            def send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        return Handler

    def said(self, method: str, path: str, given: dict[str, Any]) -> tuple[int, bytes]:
        if self.fault:
            return FAULTS[self.fault]
        try:
            return 200, json.dumps(self.answer(method, path.removeprefix("/api/"), given)).encode()
        except Absent:
            refusal = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "absent"}
            return 404, json.dumps(refusal).encode()
