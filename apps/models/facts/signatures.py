"""From MLmodel's signature and flavours to what a page shows."""

from __future__ import annotations

import json
from typing import Any

MOST = 1_000

Json = dict[str, Any]


def signature(told: Json) -> Json:
    """Inputs, outputs and params, each `{name, type}`; empty where MLmodel has none."""
    given = told.get("signature")
    if not isinstance(given, dict):
        return {}
    read = {part: _columns(given.get(part)) for part in ("inputs", "outputs", "params")}
    return {part: columns for part, columns in read.items() if columns}


def flavours(told: Json) -> Json:
    """The name of each flavour with the version of its library."""
    given = told.get("flavors")
    return {
        str(name)[:100]: _library(name, values)
        for name, values in (given if isinstance(given, dict) else {}).items()
    }


def licence(told: Json) -> str:
    """What MLmodel's metadata calls its licence."""
    given = told.get("metadata")
    values = given if isinstance(given, dict) else {}
    return str(values.get("license") or values.get("licence") or "")[:100]


def _library(name: str, values: Any) -> str:
    plain = values if isinstance(values, dict) else {}
    keys = (f"{name}_version", "python_version", "version")
    return next((str(plain[key])[:60] for key in keys if plain.get(key)), "")


def _columns(given: Any) -> list[Json]:
    try:
        listed = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        return []
    if not isinstance(listed, list):
        return []
    return [
        _column(each, number) for number, each in enumerate(listed[:MOST]) if isinstance(each, dict)
    ]


def _column(told: Json, number: int) -> Json:
    name = str(told.get("name") or (f"#{number}"))[:200]
    column: Json = {"name": name, "type": _type(told)[:200]}
    if told.get("required") is False:
        column["optional"] = True
    if "default" in told:
        column["default"] = str(told["default"])[:200]
    return column


def _type(told: Any) -> str:
    """`double`, `float32(-1, 4)`, `array of string`, `object`."""
    if not isinstance(told, dict):
        return "unknown"
    kind = str(told.get("type", "unknown"))
    if kind == "tensor" and isinstance(spec := told.get("tensor-spec"), dict):
        shape = ", ".join(str(each) for each in spec.get("shape") or [])
        return f"{spec.get('dtype', 'unknown')}({shape})"
    if kind == "array":
        return f"array of {_type(told.get('items'))}"
    return kind
