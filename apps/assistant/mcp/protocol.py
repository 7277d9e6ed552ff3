"""JSON-RPC 2.0 as the Model Context Protocol uses it. No HTTP and no tools in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26")
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR = -32603

Id = str | int | None


class RpcError(Exception):
    """A request that cannot be answered, with the code that the protocol has for it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One message of a client; a notification has no id and gets no answer."""

    method: str
    params: Mapping[str, Any]
    id: Id
    wants_answer: bool


def read(message: Any) -> Call | None:
    """A request or a notification; `None` for an answer, of which the portal asked none."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "Send one JSON-RPC 2.0 message.")
    if "method" not in message and ("result" in message or "error" in message):
        return None
    method, params = message.get("method"), message.get("params", {})
    given = message.get("id")
    known = isinstance(given, str | int) and not isinstance(given, bool)
    if (
        not isinstance(method, str)
        or not isinstance(params, dict)
        or ("id" in message and not known)
    ):
        raise RpcError(INVALID_REQUEST, "The message has no method, or its id or params are odd.")
    return Call(method, params, given, "id" in message)


def result(id_: Id, value: Any) -> dict[str, Any]:
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": id_, "result": value}


def refusal(id_: Id, error: RpcError) -> dict[str, Any]:
    """The answer to a request that cannot be."""
    return {"jsonrpc": "2.0", "id": id_, "error": {"code": error.code, "message": str(error)}}
