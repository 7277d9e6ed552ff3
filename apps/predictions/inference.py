"""Rows of the Open Inference Protocol: tensors by name, whose first dimension counts the rows."""

from __future__ import annotations

from typing import Any

import orjson

Scalar = str | int | float | bool | None


class Unreadable(Exception):
    """A row that does not fit; the sentence names the part and what would do."""


def rows(body: bytes) -> list[dict[str, Scalar]]:
    """The rows of a request or of an answer, in JSON; of tensors in bytes it says that they are not read."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("tensors: they are not JSON") from error
    tensors = message.get("inputs", message.get("outputs")) if isinstance(message, dict) else None
    if not isinstance(tensors, list) or not tensors:
        raise Unreadable("tensors: there are none")
    columns = {str(tensor["name"]): _values(tensor) for tensor in tensors}
    if len({len(values) for values in columns.values()}) != 1:
        raise Unreadable("tensors: their first dimensions differ")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _values(tensor: dict[str, Any]) -> list[Scalar]:
    """One value for each row; what has more dimensions stands as its JSON."""
    if "data" not in tensor:
        raise Unreadable(f"{tensor['name']}: its data is not JSON")
    flat, shape = tensor["data"], tensor["shape"]
    if not shape:
        return list(flat)
    count = int(shape[0])
    while flat and isinstance(flat[0], list) and len(flat) != count:
        flat = [value for part in flat for value in part]
    size = len(flat) // count if count else 0
    parts = (
        flat if size == 1 else [flat[at : at + size] for at in range(0, size * count, size or 1)]
    )
    return [_flat(part) for part in parts]


def _flat(value: Any) -> Scalar:
    if isinstance(value, list) and len(value) == 1:
        return _flat(value[0])
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return orjson.dumps(value).decode()
