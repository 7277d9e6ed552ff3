"""What the signature of a version asks of inputs, and what of a row does not fit it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.late import late
from apps.predictions import columns
from apps.predictions.columns import Table

pa, pc = late("pyarrow"), late("pyarrow.compute")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a signature; `type` in MLflow's words."""

    name: str
    type: str
    required: bool = True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (not math.isfinite(value) or value == math.floor(value))


FITS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "integer": ("a whole number", _is_whole),
    "long": ("a whole number", _is_whole),
    "float": ("a number", _is_number),
    "double": ("a number", _is_number),
    "string": ("a text", lambda value: isinstance(value, str)),
    "datetime": ("a text", lambda value: isinstance(value, str)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
}


def misfit(inputs: dict[str, Any], expected: Sequence[Column]) -> str | None:
    """Why the inputs do not fit, in a sentence; `None` where they do. Null is a missing value and fits."""
    for column in expected:
        if column.name not in inputs:
            if column.required:
                return _missing(column)
        elif inputs[column.name] is not None and not _fits_value(inputs[column.name], column):
            return _wrong(column)
    return None


def _fits_value(value: Any, column: Column) -> bool:
    return column.type not in FITS or FITS[column.type][1](value)


def misfits(table: Table, expected: Sequence[Column]) -> dict[int, str]:
    """The places of the rows that do not fit, each with the reason."""
    found: dict[int, str] = {}
    for column in expected:
        name = f"inputs.{column.name}"
        places: Sequence[int]
        if name not in table.column_names:
            reason, places = _missing(column), range(table.num_rows if column.required else 0)
        else:
            reason, places = _wrong(column), _places(table, name, column.type)
        for at in places:
            found.setdefault(at, reason)
    return found


def _missing(column: Column) -> str:
    return f"inputs.{column.name}: it is missing; the version's signature requires it"


def _wrong(column: Column) -> str:
    word = FITS[column.type][0] if column.type in FITS else column.type
    return f"inputs.{column.name}: the version's signature asks for {word}"


def _places(table: Table, name: str, wanted: str) -> Sequence[int]:
    """The rows whose value is none of the wanted type."""
    if wanted not in FITS:
        return ()
    fits, values = FITS[wanted][1], table.column(name)
    kind = values.type
    if columns.is_mixed(table.schema.field(name)):
        told = columns.values(table, name)
        return [at for at, value in enumerate(told) if value is not None and not fits(value)]
    if wanted in ("integer", "long") and pa.types.is_floating(kind):
        fraction = pc.and_(pc.is_finite(values), pc.not_equal(values, pc.floor(values)))
        return _true(fraction)
    return () if _fits(wanted, kind) else _true(pc.is_valid(values))


def _fits(wanted: str, kind: Any) -> bool:
    types = pa.types
    if types.is_null(kind):
        return True
    if wanted in ("string", "datetime"):
        return bool(types.is_string(kind))
    if wanted == "boolean":
        return bool(types.is_boolean(kind))
    return bool(types.is_integer(kind) or types.is_floating(kind))


def _true(mask: Any) -> list[int]:
    return list(pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist())
