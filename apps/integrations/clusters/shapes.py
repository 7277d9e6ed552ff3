"""Read what another system answers without trusting its shape."""

from __future__ import annotations

from typing import Any

from apps.core.http import BadAnswer

Json = dict[str, Any]


def record(service: str, value: Any) -> Json:
    """The value, provided that it is an object."""
    if not isinstance(value, dict):
        raise BadAnswer(service=service, reason="it is not an object")
    return value


def part(value: Any, *path: str) -> Json:
    """The object at a path; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: Any, name: str) -> list[Json]:
    """The objects of a list; an empty one where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(value: Any, name: str) -> str:
    """The text at a name; empty where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def number(value: Any, name: str, default: int = 0) -> int:
    """The whole number at a name."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def strings(value: Any, name: str) -> tuple[str, ...]:
    """The texts of a list."""
    found = value.get(name) if isinstance(value, dict) else None
    return tuple(str(item) for item in found) if isinstance(found, list) else ()
