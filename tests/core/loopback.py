"""A real TCP server on loopback whose every answer, however rude, is the test's own bytes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[socket.socket, Asked], bytes | None]


@dataclass
class Loopback:
    listener: socket.socket
    script: Script
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        return str(self.listener.getsockname()[0])

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with closing(plain), contextlib.suppress(OSError):
            connection = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            with closing(connection):
                while (asked := _read(connection)) is not None:
                    self.asked.append(asked)
                    answer = self.script(connection, asked)
                    if answer is None:
                        break
                    connection.sendall(answer)
        self.hung_up.set()


@contextmanager
def loopback(
    script: Script,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Loopback]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        server = Loopback(listener, script, tls)
        threading.Thread(target=server.serve, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown(socket.SHUT_RDWR)


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole answer; `content_type` becomes Content-Type."""
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def always(status: int = 200, body: bytes = b"{}", **headers: str) -> Script:
    return lambda _, __: answer(status, body, **headers)


def rudely(sent: bytes, *, cut: bool) -> Script:
    """Always these bytes, and nothing after them where they are cut.

    A connection that is closed after a whole answer is reset under a second try that came over it.
    """

    def script(connection: socket.socket, _: Asked) -> bytes | None:
        if not cut:
            return sent
        connection.sendall(sent)
        return None

    return script


def in_turn(*answers: bytes) -> Script:
    rest = list(answers)
    return lambda _, __: rest.pop(0) if len(rest) > 1 else rest[0]


def _read(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = first.split(" ", 2)
    return Asked(method, target, headers, body)
