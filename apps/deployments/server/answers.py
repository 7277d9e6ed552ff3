"""What goes in and out of the model server, whatever the protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

JSON = "application/json"
OUT_OF_MEMORY = 507


class BadInput(Exception):
    """Input the model cannot score; the sentence says which part and why."""

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(slots=True)
class Request:
    """One request, read whole. Header names are in lower case."""

    method: str
    path: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    keep_alive: bool = True

    def header(self, name: bytes) -> str:
        """The first value of a header, or nothing."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole."""

    status: int
    body: bytes
    kind: str = JSON


@dataclass(frozen=True, slots=True)
class Question:
    """What one request wants scored.

    `rows` are what the model's plan can put together with other people's rows; `write` turns the predictions
    of exactly these rows into the answer. Without `rows`, and where scoring together fails, `alone` answers.
    """

    alone: Callable[[], Answer]
    rows: Any = None
    write: Callable[[Any], Answer] | None = None


class Door(Protocol):
    """One protocol: how a question is read, and what a refusal looks like."""

    def read(self, request: Request) -> Question:
        """What is asked; `BadInput` where it cannot be understood."""

    def refuse(self, error: BadInput) -> Answer:
        """The refusal as this protocol words it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for its answer."""

    door: Door
    request: Request
    reply: Callable[[Answer], None]


def problem(status: int, sentence: str) -> Answer:
    """A refusal in the shape that MLflow's clients read."""
    code = "RESOURCE_DOES_NOT_EXIST" if status == 404 else "BAD_REQUEST"
    body = {"error_code": code, "message": sentence, "status": status, "detail": sentence}
    return Answer(status, dumps(body))


def dumps(value: Any) -> bytes:
    """JSON, also of a text that holds half a character."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str).encode()


def content_type(request: Request) -> tuple[str, dict[str, str]]:
    """The media type in lower case, JSON where none is named, and its parameters."""
    encoding = request.header(b"content-encoding").strip().lower()
    if encoding not in {"", "identity"}:
        sentence = f"content-encoding: {encoding[:80]} is not read here; send the body as it is"
        raise BadInput(sentence, status=415)
    kind, *pairs = request.header(b"content-type").split(";")
    parted = (pair.partition("=") for pair in pairs)
    return kind.strip().lower() or JSON, {
        key.strip().lower(): value.strip() for key, _, value in parted
    }
