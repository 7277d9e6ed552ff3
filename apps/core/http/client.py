"""One other system: time-outs, retries, limits, the address guard, redaction."""

from __future__ import annotations

import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from apps.core.errors import Retryable
from apps.core.http import wire
from apps.core.http.answers import failure, translated
from apps.core.http.body import lines, outgoing, pieces
from apps.core.http.call import MOST_HOPS, REDIRECTS, Call, Options, prepare, target
from apps.core.http.errors import Redirected
from apps.core.http.guard import Allow, destination
from apps.core.http.response import Download, Response, write_file
from apps.core.http.retry import Retry
from apps.core.http.telemetry import observed
from apps.core.http.tls import Tls, context

T = TypeVar("T")
Auth = tuple[str, str] | str


@dataclass(frozen=True, slots=True)
class Timeout:
    """Seconds: to connect, between two pieces, and for the whole call with all its retries."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


DEFAULT_TIMEOUT = Timeout()
DEFAULT_LIMIT = 10 * 1024 * 1024
DEFAULT_RETRY = Retry()
PUBLIC_ONLY = Allow()
DEFAULT_TLS = Tls()


class Http:
    """A client for one system. Threads may share it; processes must not."""

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        limit_bytes: int = DEFAULT_LIMIT,
        allow: Allow = PUBLIC_ONLY,
        tls: Tls = DEFAULT_TLS,
        retry: Retry = DEFAULT_RETRY,
        unix_socket: str | None = None,
    ) -> None:
        """`auth` is name and password, or a bearer token; `allow` adds to HTTP_ALLOW."""
        self.service = service
        self.base = destination(service, base_url)
        self.timeout = timeout
        self.limit_bytes = limit_bytes
        self.retry = retry
        self._headers = {"user-agent": "Signalbox", **(headers or {}), **authorization(auth)}
        self._password = auth[1] if isinstance(auth, tuple) else ""
        self._transport = wire.Transport(
            service, allow=Allow.from_settings() | allow, tls=context(tls), uds=unix_socket
        )
        weakref.finalize(self, self._transport.close).atexit = False

    def get(self, path: str = "", **options: Unpack[Options]) -> Any:
        return self.request("GET", path, **options).json()

    def post(self, path: str = "", **options: Unpack[Options]) -> Any:
        return self.request("POST", path, **options).json()

    def put(self, path: str = "", **options: Unpack[Options]) -> Any:
        return self.request("PUT", path, **options).json()

    def patch(self, path: str = "", **options: Unpack[Options]) -> Any:
        return self.request("PATCH", path, **options).json()

    def delete(self, path: str = "", **options: Unpack[Options]) -> Any:
        return self.request("DELETE", path, **options).json()

    def request(self, method: str, path: str = "", **options: Unpack[Options]) -> Response:
        """Send one request and read its whole answer; an error status is raised as an error."""
        limit = options.get("limit_bytes", self.limit_bytes)

        def read(response: httpx.Response) -> Response:
            parts = pieces(response, service=self.service, limit=limit)
            content = b"" if method == "HEAD" else b"".join(parts)
            return Response(self.service, response.status_code, response.headers, content)

        return self._run(method, path, options, read)

    def download(self, path: str, to: Path, **options: Unpack[Options]) -> Download:
        """Write the answer of a GET to a file, complete or not at all, in bounded memory."""
        limit = options.get("limit_bytes", self.limit_bytes)

        def write(response: httpx.Response) -> Download:
            return write_file(to, pieces(response, service=self.service, limit=limit))

        return self._run("GET", path, options, write)

    def follow(
        self, method: str, path: str, on_line: Callable[[bytes], None], **options: Unpack[Options]
    ) -> None:
        """Give each line of a long answer to `on_line` as it arrives; what that raises ends the call."""
        limit = options.get("limit_bytes", self.limit_bytes)

        def read(response: httpx.Response) -> None:
            for line in lines(pieces(response, service=self.service, limit=limit)):
                on_line(line)

        self._run(method, path, options, read)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(
        self, method: str, path: str, options: Options, consume: Callable[[httpx.Response], T]
    ) -> T:
        """Try until it works, until trying again is unsafe or useless, or until the deadline."""
        url = target(self.service, self.base, path)
        call = prepare(self.service, method, url, headers=self._headers, options=options)
        accept = options.get("accept", ())
        with wire.deadline(options.get("seconds", self.timeout.total)):
            for tried in count(1):
                try:
                    return self._try(call, accept, consume)
                except Retryable as error:
                    time.sleep(self._wait_or_raise(call, tried, error))
        raise AssertionError("the tries have no end")

    def _wait_or_raise(self, call: Call, tried: int, error: Retryable) -> float:
        """Seconds until the next try; the error itself where none follows."""
        wait = self._wait(call, tried, error)
        if wait is None:
            raise error
        return wait

    def _wait(self, call: Call, tried: int, error: Retryable) -> float | None:
        if not call.repeatable:
            return None
        wait = self.retry.wait(tried, error.data.get("retry_after"))
        return None if wait is None or wait >= wire.seconds_left() else wait

    def _try(
        self, call: Call, accept: Collection[int], consume: Callable[[httpx.Response], T]
    ) -> T:
        with (
            observed(self.service, call.method, call.url.host),
            translated(self.service),
            self._answer(call, accept) as response,
        ):
            if response.is_success or response.status_code in accept:
                return consume(response)
            raise failure(self.service, response, secrets=[self._password, *call.secrets])

    @contextmanager
    def _answer(self, call: Call, accept: Collection[int]) -> Iterator[httpx.Response]:
        """The answer at the end of the redirects, each hop sent through the same guard."""
        for _ in range(MOST_HOPS + 1):
            with self._sent(call) as response:
                status, location = response.status_code, response.headers.get("location")
                if status in accept or status not in REDIRECTS or not location:
                    yield response
                    return
                call = call.redirected(status, location)
        raise Redirected(service=self.service, answered=status, where="more than five times")

    @contextmanager
    def _sent(self, call: Call) -> Iterator[httpx.Response]:
        limits = {
            "connect": self.timeout.connect,
            "read": self.timeout.read,
            "write": self.timeout.read,
            "pool": min(self.timeout.connect, max(wire.seconds_left(), 0)),
        }
        with outgoing(call.body) as content:
            response = self._transport.handle_request(
                httpx.Request(
                    call.method,
                    call.url,
                    headers=call.headers,
                    content=content,
                    extensions={"timeout": limits},
                )
            )
            try:
                yield response
            finally:
                response.close()


def authorization(auth: Auth | None) -> dict[str, str]:
    """The header by which one signs in."""
    if auth is None:
        return {}
    if isinstance(auth, str):
        return {"authorization": f"Bearer {auth}"}
    return {"authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"}
