"""A scripted MLflow that takes and gives files of any size, and counts what passes."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIECE = bytes(range(256)) * 256


class Files(ThreadingHTTPServer):
    """`PUT` counts what comes; `GET …?size=` gives as much, in ways that the query chooses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.received = 0
        self.sent = 0
        self.digest = ""
        self.broken = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def forget(self) -> None:
        self.received = self.sent = 0
        self.digest = ""
        self.broken.clear()


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Files

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if "size" not in asked:
            return self._answer(200, b"{}")
        size = int(asked["size"][0])
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self._give(min(size, int(asked.get("until", [size])[0])))
        if "until" in asked:
            self.close_connection = True
        return None

    def do_PUT(self) -> None:
        if "early" in self.path:
            self._answer(400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}')
            self.close_connection = True
            return
        digest = hashlib.sha256()
        with self._noticing():
            for piece in self._pieces():
                digest.update(piece)
                self.server.received += len(piece)
            self.server.digest = digest.hexdigest()
            self._answer(200, b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(200, b"{}")

    def _give(self, size: int) -> None:
        with self._noticing():
            while size > 0:
                piece = PIECE[:size]
                self.wfile.write(piece)
                self.server.sent += len(piece)
                size -= len(piece)

    def _pieces(self) -> Iterator[bytes]:
        length = self.headers.get("Content-Length")
        if length is not None:
            yield from self._exactly(int(length))
            return
        while size := int(self.rfile.readline(), 16):
            yield from self._exactly(size)
            self.rfile.readline()
        self.rfile.readline()

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size > 0:
            if not (piece := self.rfile.read1(min(size, 65536))):
                raise ConnectionError("the body broke off")
            size -= len(piece)
            yield piece

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @contextlib.contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):
            self.close_connection = True
            self.server.broken.set()

    def log_message(self, *_: Any) -> None:
        """Not a word."""


@contextlib.contextmanager
def files() -> Iterator[Files]:
    with Files() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
