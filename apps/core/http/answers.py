"""From what httpx raises and what the other side says to our own errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx

from apps.core.errors import PortalError
from apps.core.http.body import pieces
from apps.core.http.errors import (
    Absent,
    BadAddress,
    BadAnswer,
    Busy,
    Denied,
    Refused,
    TimedOut,
    Unreachable,
)
from apps.core.http.redact import redact
from apps.core.http.retry import retry_after

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
DENIED = frozenset({401, 403, 407})
ABSENT = frozenset({404, 410})

_READ_OF_ERROR = 2_000  # bytes looked at
_SHOWN_OF_ERROR = 200  # characters shown


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Turn the errors of httpx into ours, which name the service and no address."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unreachable(service=service, reason=str(error)) from error
    except httpx.PoolTimeout as error:
        raise Unreachable(service=service, reason="too many calls to it at once") from error
    except httpx.TimeoutException as error:
        raise TimedOut(service=service) from error
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
        raise BadAddress(service=service, reason="this request cannot be sent.") from error
    except httpx.RemoteProtocolError as error:
        raise Unreachable(service=service, reason=_manners(str(error))) from error
    except httpx.TransportError as error:
        raise Unreachable(service=service, reason="the connection broke") from error


def failure(service: str, response: httpx.Response, *, secrets: Iterable[str]) -> PortalError:
    """The error behind a status that is not an answer."""
    status = response.status_code
    data = {"service": service, "answered": status, "said": _said(service, response, secrets)}
    if status in BUSY:
        return Busy(**data, retry_after=retry_after(response.headers.get("retry-after")))
    if status in DENIED:
        return Denied(**data)
    return Absent(**data) if status in ABSENT else Refused(**data)


def _said(service: str, response: httpx.Response, secrets: Iterable[str]) -> str:
    """The start of an error's text, redacted; pages for people are left out."""
    if "html" in response.headers.get("content-type", ""):
        return ""
    text = redact(_start(service, response).decode(errors="replace"), secrets=secrets)
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f": {words[:_SHOWN_OF_ERROR]}" if words else ""


def _start(service: str, response: httpx.Response) -> bytes:
    start = b""
    try:
        for piece in pieces(response, service=service, limit=2**63):
            start += piece[:_READ_OF_ERROR]
            if len(start) >= _READ_OF_ERROR:
                break
    except (BadAnswer, httpx.TransportError):
        return start  # The status alone says enough.
    return start[:_READ_OF_ERROR]


def _manners(message: str) -> str:
    hung_up = "disconnected" in message or "closed" in message
    return "it hung up before the end" if hung_up else "it does not speak HTTP"
