"""A server of OpenAI's shape: lists models, streams chat completions, breaks where a test says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


class OpenAi:
    """One server with one model, called `tiny`."""

    def __init__(self) -> None:
        self.words = "tumour serves version 7 [1]."
        self.asked: list[Body] = []
        self.tokens: list[str] = []  # what came as bearer tokens
        self.calls: list[Body] = []
        self.silent = False  # it begins to answer and never says a word
        self.closed = threading.Event()
        self.cut_after: int | None = None
        self.error_after: int | None = None
        self.mute = False  # it streams nothing, whatever is wrong
        self.finish = "stop"
        self.status, self.error = 200, ""
        self.usage = True
        self.model: Body = {"id": "tiny", "object": "model", "owned_by": "us"}
        self.listed: Body | None = None
        self.props: Body | None = {"default_generation_settings": {"n_ctx": 2048}}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def close(self) -> None:
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()


def _handler(fake: OpenAi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/v1/models":
                self._one(200, fake.listed or {"object": "list", "data": [fake.model]})
            elif self.path == "/props" and fake.props is not None:
                self._one(200, fake.props)
            else:
                self._one(404, {"error": {"message": "Not found", "code": 404}})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.tokens.append(self.headers.get("Authorization", ""))
            if self.path != "/v1/chat/completions":
                self._one(404, {"error": {"message": "Not found"}})
                return
            fake.asked.append(body)
            if fake.mute and body.get("stream"):
                self._stream(iter(()))
            elif body["model"] != fake.model["id"]:
                message = f"The model `{body['model']}` does not exist."
                self._one(404, {"error": {"message": message, "code": "model_not_found"}})
            elif fake.status != 200:
                self._one(fake.status, {"error": {"message": fake.error}})
            elif body.get("stream"):
                self._stream(self._chunks(body))
            else:
                self._one(200, {**self._chunk({}), "choices": [self._choice()]})

        def _choice(self) -> Body:
            message: Body = {"role": "assistant", "content": "ok"}
            if fake.calls:
                message["tool_calls"] = self._calls()
            return {"index": 0, "message": message, "finish_reason": "stop"}

        def _calls(self) -> list[Body]:
            return [
                {
                    "index": n,
                    "id": f"call_{n}",
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                }
                for n, call in enumerate(fake.calls)
            ]

        def _chunks(self, body: Body) -> Iterator[Body]:
            if fake.silent:
                fake.closed.wait()
            yield self._chunk({"role": "assistant", "content": ""})
            if body.get("tools"):
                yield self._chunk({"tool_calls": self._calls()})
            else:
                yield from self._spoken()
            if fake.finish:
                yield self._chunk({}, finish=fake.finish)
            if fake.usage:
                usage = {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39}
                yield {**self._chunk({}), "choices": [], "usage": usage}

        def _spoken(self) -> Iterator[Body]:
            for spoken, word in enumerate(fake.words.split(" ")):
                if spoken == fake.cut_after:
                    raise ConnectionAbortedError
                if spoken == fake.error_after:
                    yield {"error": {"message": fake.error, "type": "server_error", "code": 500}}
                    return
                yield self._chunk({"content": f"{word} "})

        def _chunk(self, delta: Body, finish: str | None = None) -> Body:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny"}
            return {**head, "choices": [choice]}

        def _one(self, status: int, body: Body) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, chunks: Iterator[Body]) -> None:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                for chunk in chunks:
                    self._event(json.dumps(chunk))
                self._event("[DONE]")
                self.wfile.write(b"0\r\n\r\n")
            except (ConnectionAbortedError, BrokenPipeError, ConnectionResetError):
                self.connection.close()

        def _event(self, text: str) -> None:
            data = f"data: {text}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
