"""The network below httpx: one lookup, every address checked, one deadline for all of it."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import httpcore
import httpx

from apps.core.http.errors import Untrusted
from apps.core.http.guard import Allow

_ends_at: ContextVar[float] = ContextVar("http_deadline")

KEEP_ALIVE = 30.0
MOST_CONNECTIONS = 20


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let every network operation inside end at the same moment."""
    token = _ends_at.set(monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float:
    return _ends_at.get() - monotonic()


def _within(seconds: float | None, too_late: type[Exception]) -> float:
    left = seconds_left()
    if left <= 0:
        raise too_late("the deadline has passed")
    return left if seconds is None else min(seconds, left)


class Transport(httpx.HTTPTransport):
    """httpx's transport on a pool whose connections pass the guard."""

    def __init__(self, service: str, *, allow: Allow, tls: ssl.SSLContext, uds: str | None) -> None:
        # httpx offers no argument for the network backend; its pool is the one thing it keeps.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=MOST_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
            uds=uds,
            network_backend=Backend(service, allow=allow),
        )


class Backend(httpcore.NetworkBackend):
    """Resolves a name once, checks every address and connects to those very addresses."""

    def __init__(self, service: str, *, allow: Allow) -> None:
        self.service = service
        self.allow = allow

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        ends_at = monotonic() + _within(timeout, httpcore.ConnectTimeout)
        found = resolve(host, port, seconds=ends_at - monotonic())
        addresses = self.allow.checked(self.service, host, port, found)
        return Stream(self.service, _dial(addresses, port, ends_at))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _translated(httpcore.ConnectTimeout, httpcore.ConnectError, on_error=sock.close):
            sock.settimeout(_within(timeout, httpcore.ConnectTimeout))
            sock.connect(path)
        return Stream(self.service, sock)


class Stream(httpcore.NetworkStream):
    """A socket each of whose operations ends at the deadline."""

    def __init__(self, service: str, sock: socket.socket) -> None:
        self.service = service
        self._sock = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _translated(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(_within(timeout, httpcore.ReadTimeout))
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            with _translated(httpcore.WriteTimeout, httpcore.WriteError):
                self._sock.settimeout(_within(timeout, httpcore.WriteTimeout))
                rest = rest[self._sock.send(rest) :]

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        with _translated(httpcore.ConnectTimeout, httpcore.ConnectError, on_error=self.close):
            self._sock.settimeout(_within(timeout, httpcore.ConnectTimeout))
            try:
                sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
            except ssl.SSLCertVerificationError as error:
                self.close()
                raise Untrusted(service=self.service, reason=error.verify_message) from error
        return Stream(self.service, sock)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._is_readable()
        return {"socket": self._sock}.get(info)

    def _is_readable(self) -> bool:
        """Whether an idle connection has something to say, which can only be its end."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))


def resolve(host: str, port: int, *, seconds: float) -> list[str]:
    """Look a name up, in a thread of its own: `getaddrinfo` knows no time-out."""
    if _is_address(host):
        return [host]
    answer: SimpleQueue[list[str] | Exception] = SimpleQueue()
    threading.Thread(
        target=lambda: answer.put(_look_up(host, port)), name="http-lookup", daemon=True
    ).start()
    try:
        found = answer.get(timeout=max(seconds, 0))
    except Empty as error:
        raise httpcore.ConnectTimeout("the name lookup did not end") from error
    if isinstance(found, Exception) or not found:
        raise httpcore.ConnectError("its name is not known")
    return found


def _look_up(host: str, port: int) -> list[str] | Exception:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _dial(addresses: list[str], port: int, ends_at: float) -> socket.socket:
    """Connect to the first address that answers, each with its share of the time."""
    error: Exception = httpcore.ConnectError("no address")
    for tried, address in enumerate(addresses):
        share = (ends_at - monotonic()) / (len(addresses) - tried)
        try:
            sock = socket.create_connection((address, port), timeout=max(share, 0.001))
        except TimeoutError:
            error = httpcore.ConnectTimeout("no connection in time")
        except OSError as refused:
            error = httpcore.ConnectError(refused.strerror or "no connection")
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise error


@contextmanager
def _translated(
    too_late: type[Exception],
    broken: type[Exception],
    *,
    on_error: Callable[[], None] | None = None,
) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if on_error:
            on_error()
        kind = too_late if isinstance(error, TimeoutError) else broken
        raise kind(getattr(error, "reason", None) or error.strerror or str(error)) from error
