"""What Ollama's API description asks of each request; what does not fit is a failing test."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

_TEXT = {"type": "string"}
_KEEP = {"type": ["string", "number"]}
_CALL = {
    "type": "object",
    "required": ["function"],
    "properties": {
        "function": {
            "type": "object",
            "required": ["name", "arguments"],
            "properties": {"name": _TEXT, "arguments": {"type": "object"}},
        }
    },
}
_MESSAGE = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {
        "role": {"enum": ["system", "user", "assistant", "tool"]},
        "content": _TEXT,
        "thinking": _TEXT,
        "images": {"type": "array", "items": _TEXT},
        "tool_calls": {"type": "array", "items": _CALL},
    },
}
_TOOL = {
    "type": "object",
    "required": ["type", "function"],
    "properties": {
        "type": {"const": "function"},
        "function": {
            "type": "object",
            "required": ["name", "parameters"],
            "properties": {"name": _TEXT, "description": _TEXT, "parameters": {"type": "object"}},
        },
    },
}
_OPTIONS = {
    "type": "object",
    "properties": {
        "num_ctx": {"type": "integer", "minimum": 1},
        "num_predict": {"type": "integer"},
        "temperature": {"type": "number"},
    },
}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


BODIES: dict[str, dict[str, Any]] = {
    "/api/chat": _object(
        ["model", "messages"],
        model=_TEXT,
        messages={"type": "array", "items": _MESSAGE},
        tools={"type": "array", "items": _TOOL},
        format={"anyOf": [{"enum": ["", "json"]}, {"type": "object"}, {"type": "null"}]},
        options=_OPTIONS,
        stream={"type": "boolean"},
        think={"type": ["boolean", "string", "null"]},
        keep_alive=_KEEP,
    ),
    "/api/show": _object(["model"], model=_TEXT, verbose={"type": "boolean"}),
    "/api/pull": _object(
        ["model"], model=_TEXT, insecure={"type": "boolean"}, stream={"type": "boolean"}
    ),
    "/api/delete": _object(["model"], model=_TEXT),
    "/api/embed": _object(
        ["model", "input"],
        model=_TEXT,
        input={"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        truncate={"type": "boolean"},
        options=_OPTIONS,
        keep_alive=_KEEP,
    ),
}


def wrong(path: str, body: Any) -> str:
    """What is wrong with the body of a request; nothing where it is as described."""
    found = next(iter(Draft202012Validator(BODIES[path]).iter_errors(body)), None)
    return found.message if found else ""
