"""Streams newline-delimited JSON, tool calls, thinking, embeddings and pulls; breaks where a script says so."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.assistant.ollama.checks import BODIES, wrong

AT = "2026-01-01T00:00:00.000000Z"
Body = dict[str, Any]


@dataclass
class Script:
    """How one model answers a chat."""

    words: Callable[[Body], str] = lambda body: "I do not know."
    calls: list[Body] = field(default_factory=list)
    thinking: str = ""
    silent_after: int | None = None  # words until it says nothing more, for as long as it lives
    pause_between: float = 0.0
    cut_after: int | None = None  # words until the connection breaks
    error_after: int | None = None  # words until an error line
    unfinished: bool = False  # a proper end of the stream without `done`
    status: int = 200
    error: str = ""


@dataclass
class Model:
    """A model that the server has."""

    window: int = 8192
    abilities: tuple[str, ...] = ("completion", "tools")
    size: int = 4_000_000_000
    loaded: int = 0


class Ollama:
    """One server; `problems` lists every request that is not as Ollama describes it."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.models: dict[str, Model] = {"llama3.1:latest": Model()}
        self.asked: list[tuple[str, Body]] = []
        self.problems: list[str] = []
        self.pull_steps = 4
        self.pull_error = ""
        self.closed = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()

    def chats(self) -> list[Body]:
        return [body for path, body in self.asked if path == "/api/chat"]

    def known(self, name: str) -> str | None:
        full = name if ":" in name else f"{name}:latest"
        return full if full in self.models else None


def _handler(ollama: Ollama) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answers: dict[str, Callable[[], Body]] = {
                "/api/version": lambda: {"version": "0.12.0"},
                "/api/tags": self._tags,
                "/api/ps": self._ps,
            }
            if self.path in answers:
                self._one(200, answers[self.path]())
            else:
                self._one(404, {"error": "404 page not found"})

        def do_POST(self) -> None:
            if (body := self._body()) is None:
                return
            {
                "/api/chat": self._chat,
                "/api/show": self._show,
                "/api/pull": self._pull,
                "/api/embed": self._embed,
            }[self.path](body)

        def do_DELETE(self) -> None:
            if (body := self._body()) is None:
                return
            known = ollama.known(body["model"])
            if known is None:
                self._one(404, {"error": f"model '{body['model']}' not found"})
                return
            del ollama.models[known]
            self._one(200, {})

        def _body(self) -> Body | None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path not in BODIES:
                self._one(404, {"error": "404 page not found"})
                return None
            body = json.loads(raw)
            ollama.asked.append((self.path, body))
            if problem := wrong(self.path, body):
                ollama.problems.append(f"{self.path}: {problem}")
                self._one(400, {"error": problem})
                return None
            return body  # type: ignore[no-any-return]

        def _tags(self) -> Body:
            details = {"family": "llama", "parameter_size": "8B", "quantization_level": "Q4_K_M"}
            return {
                "models": [
                    {
                        "name": name,
                        "model": name,
                        "modified_at": AT,
                        "size": model.size,
                        "digest": "d",
                        "details": details,
                    }
                    for name, model in ollama.models.items()
                ]
            }

        def _ps(self) -> Body:
            loaded = {n: m for n, m in ollama.models.items() if m.loaded}
            return {
                "models": [
                    {"name": n, "size": m.loaded, "expires_at": AT} for n, m in loaded.items()
                ]
            }

        def _show(self, body: Body) -> None:
            known = ollama.known(body["model"])
            if known is None:
                self._one(404, {"error": f"model '{body['model']}' not found"})
                return
            model = ollama.models[known]
            info = {"general.architecture": "llama", "llama.context_length": model.window}
            told = {
                "license": "Apache 2.0\nmore",
                "model_info": info,
                "capabilities": list(model.abilities),
            }
            self._one(200, {**told, "details": {"family": "llama"}})

        def _embed(self, body: Body) -> None:
            texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
            vectors = [[float(len(text)), 1.0, 0.0] for text in texts]
            self._one(200, {"model": body["model"], "embeddings": vectors})

        def _pull(self, body: Body) -> None:
            self._stream(self._pulled(body["model"]))

        def _pulled(self, name: str) -> Iterator[Body]:
            yield {"status": "pulling manifest"}
            for step in range(1, ollama.pull_steps + 1):
                total = 1000
                yield {
                    "status": "pulling aa",
                    "digest": "aa",
                    "total": total,
                    "completed": total * step // ollama.pull_steps,
                }
                if ollama.pull_error and step == 2:
                    yield {"error": ollama.pull_error}
                    return
            yield {"status": "verifying sha256 digest"}
            ollama.models[name if ":" in name else f"{name}:latest"] = Model()
            yield {"status": "success"}

        def _chat(self, body: Body) -> None:
            script = ollama.script
            known = ollama.known(body["model"])
            if known is None:
                self._one(404, {"error": f"model '{body['model']}' not found"})
            elif not body["messages"]:
                ollama.models[known].loaded = 0
                self._one(200, {**self._chunk(""), "done": True, "done_reason": "unload"})
            elif script.status != 200:
                self._one(script.status, {"error": script.error})
            else:
                self._stream(self._said(body, script))

        def _said(self, body: Body, script: Script) -> Iterator[Body]:
            if script.silent_after == 0:
                ollama.closed.wait()
            if script.thinking:
                chunk = self._chunk("")
                chunk["message"]["thinking"] = script.thinking
                yield chunk
            if script.calls and body.get("tools"):
                chunk = self._chunk("")
                chunk["message"]["tool_calls"] = [{"function": call} for call in script.calls]
                yield chunk
            elif body.get("format"):
                named = [{"name": c["name"], "arguments": c["arguments"]} for c in script.calls]
                yield self._chunk(json.dumps({"calls": named}))
            elif not body.get("tools"):
                yield from self._words(body, script)
            if not script.unfinished:
                yield {
                    **self._chunk(""),
                    "done": True,
                    "done_reason": "stop",
                    "eval_count": 7,
                    "prompt_eval_count": 35,
                }

        def _words(self, body: Body, script: Script) -> Iterator[Body]:
            for spoken, word in enumerate(script.words(body).split(" ")):
                if spoken == script.silent_after:
                    ollama.closed.wait()
                if spoken == script.error_after:
                    yield {
                        "error": script.error or "an error was encountered while running the model"
                    }
                    return
                if spoken == script.cut_after:
                    raise ConnectionAbortedError
                yield self._chunk(f"{word} ")
                time.sleep(script.pause_between)

        def _chunk(self, text: str) -> Body:
            message: Body = {"role": "assistant", "content": text}
            return {"model": "llama3.1", "created_at": AT, "message": message, "done": False}

        def _one(self, status: int, body: Body) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, lines: Iterator[Body]) -> None:
            self.close_connection = True
            try:
                first = next(lines)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-ndjson")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self._line(first)
                for line in lines:
                    self._line(line)
                self.wfile.write(b"0\r\n\r\n")
            except (ConnectionAbortedError, BrokenPipeError, ConnectionResetError):
                self.connection.close()

        def _line(self, line: Body) -> None:
            data = json.dumps(line).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
