"""The sockets that are bound before anything starts, so that a taken port is known at once."""

from __future__ import annotations

import contextlib
import errno
import socket

from portal.embedded.launch import CannotStart

BACKLOG = 2048


def public(port: int) -> socket.socket:
    """The listening socket of the portal, on all addresses of the machine."""
    try:
        if socket.has_dualstack_ipv6():
            with contextlib.suppress(OSError):
                return _bound(socket.AF_INET6, "::", port)
        return _bound(socket.AF_INET, "0.0.0.0", port)  # noqa: S104
    except OSError as error:
        raise CannotStart(_refusal(port, error)) from error


def private(port: int = 0) -> socket.socket:
    """A listening socket of this machine alone, on a free port where none is given."""
    return _bound(socket.AF_INET, "127.0.0.1", port)


def kept(port: int, *, what: str) -> socket.socket:
    """One that outlives the process which answers on it: who calls meanwhile waits, and is not refused."""
    try:
        return private(port)
    except OSError as error:
        raise CannotStart(f"{what}: {_refusal(port, error)}") from error


def require_free(port: int, *, what: str) -> None:
    """Refuse where another program listens on a port that one of ours will bind itself."""
    try:
        _bound(socket.AF_INET, "127.0.0.1", port).close()
    except OSError as error:
        raise CannotStart(f"{what}: {_refusal(port, error)}") from error


def _bound(family: int, address: str, port: int) -> socket.socket:
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((address, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _refusal(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program; set PORT to a free one"
    return f"Port {port} cannot be used ({error.strerror}); set PORT to another one"
