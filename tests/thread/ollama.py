"""A scripted server that speaks Ollama's chat protocol: newline-delimited JSON, streamed."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# False: nobody of this name, no such time, no such number.
LIE = "Mallory deleted 4711 rows at 03:33, so restart the database [1]."


class Ollama:
    """Repeats the evidence it is shown, word for word and cited, and plants one lie."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def words(self, request: dict[str, Any]) -> str:
        self.asked.append(request)
        shown = request["messages"][-1]["content"]
        pieces = re.findall(r"^\[(\d+)\] [^\n]*?: ((?:[^\n]*?)[.])\s*$", shown, re.MULTILINE)
        told = [
            f"{sentence.rstrip('.')} [{n}]."
            for n, text in pieces[:6]
            for sentence in re.split(r"(?<=[.]) ", text)
        ]
        return " ".join([*told, LIE])


def _handler(ollama: Ollama) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/api/chat":
                self._send(404, [{"error": "404 page not found"}])
                return
            words = ollama.words(json.loads(body)).split(" ")
            chunks = [self._chunk(f"{word} ") for word in words]
            last = {**self._chunk(""), "done": True, "done_reason": "stop", "eval_count": 1}
            self._send(200, [*chunks, {**last, "prompt_eval_count": 1}])

        def _chunk(self, text: str) -> dict[str, Any]:
            message = {"role": "assistant", "content": text}
            at = "2026-01-01T00:00:00.000000Z"
            return {"model": "scripted", "created_at": at, "message": message, "done": False}

        def _send(self, status: int, lines: list[dict[str, Any]]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in lines:
                data = json.dumps(line).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
