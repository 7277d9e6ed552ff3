"""A model's signature, compiled once: what a row must hold, and how rows become what the model takes.

The plan takes plain rows only: every column there, every value of the plain type. Whatever else a request may
hold goes MLflow's own way, and so the plan never has to guess what MLflow would make of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from mlflow.types.schema import DataType, Schema

Rows = list[Sequence[Any]]

NUMBERS = frozenset({float, int})
PLAIN: dict[Any, tuple[frozenset[type], np.dtype[Any] | None]] = {
    DataType.double: (NUMBERS | {type(None)}, np.dtype("float64")),
    DataType.long: (frozenset({int}), np.dtype("int64")),
    DataType.boolean: (frozenset({bool}), np.dtype("bool")),
    DataType.string: (frozenset({str}), None),
}
PLAIN_TENSORS = {"float64": NUMBERS, "float32": NUMBERS, "int64": frozenset({int})}
EXACT = 2**53  # beyond it a whole number loses digits as a float


@dataclass(frozen=True, slots=True)
class Column:
    """What one column may hold, and as what it reaches the model."""

    allowed: frozenset[type]
    dtype: np.dtype[Any] | None  # None: as pandas finds it


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of a request are checked and built."""

    names: tuple[str, ...]  # none: a tensor of rows
    columns: tuple[Column, ...]
    array: np.dtype[Any] | None  # None: a frame
    uniform: frozenset[type] | None

    @property
    def width(self) -> int:
        return len(self.columns)

    def fits(self, rows: Rows) -> bool:
        """Whether every row is as long as it must be and holds plain values of the right types."""
        if not rows or set(map(len, rows)) != {self.width}:
            return False
        if self.uniform is not None:
            return self.uniform.issuperset(map(type, chain.from_iterable(rows)))
        columns = zip(zip(*rows, strict=True), self.columns, strict=True)
        return all(column.allowed.issuperset(map(type, values)) for values, column in columns)

    def join(self, parts: Sequence[Rows | np.ndarray[Any, Any]]) -> Any:
        """What the model takes for all of these rows; raises where a number is out of its column's range."""
        if any(isinstance(part, np.ndarray) for part in parts):
            return self._checked(np.concatenate([np.asarray(part, self.array) for part in parts]))
        rows = list(chain.from_iterable(parts))
        return (
            self._frame(rows) if self.array is None else self._checked(np.array(rows, self.array))
        )

    def _checked(self, built: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if self.uniform is None and bool((np.abs(built) >= EXACT).any()):
            raise OverflowError("a whole number is too large beside fractions")
        # As a frame hands its numbers over: column by column. Linear algebra sees the difference.
        return np.asfortranarray(built) if self.names else built

    def _frame(self, rows: Rows) -> pd.DataFrame:
        columns = zip(self.names, self.columns, zip(*rows, strict=True), strict=True)
        return pd.DataFrame(
            {name: pd.Series(values, dtype=column.dtype) for name, column, values in columns}
        )


def compile_plan(schema: Schema | None, *, arrays: bool) -> Plan | None:
    """The plan of a signature; nothing where it asks for more than plain columns or one plain tensor."""
    if schema is None or not schema.inputs:
        return None
    if schema.is_tensor_spec():
        return _tensor_plan(schema.inputs) if arrays else None
    if not schema.has_input_names() or any(spec.type not in PLAIN for spec in schema.inputs):
        return None
    return _column_plan(schema.inputs, arrays=arrays)


def _column_plan(specs: Sequence[Any], *, arrays: bool) -> Plan:
    named = {str(spec.name): Column(*PLAIN[spec.type]) for spec in specs}
    columns = tuple(named.values())
    kinds = {column.dtype for column in columns}
    alike = {column.allowed for column in columns}
    uniform = columns[0].allowed if len(alike) == 1 else None
    array = None
    if arrays and kinds <= {np.dtype("float64"), np.dtype("int64")}:
        array = np.result_type(*(kind for kind in kinds if kind is not None))
    return Plan(tuple(named), columns, array, uniform)


def _tensor_plan(specs: Sequence[Any]) -> Plan | None:
    """One tensor of rows without a name, as a model learns it from a matrix."""
    shape, kind = specs[0].shape, np.dtype(specs[0].type)
    if len(specs) != 1 or specs[0].name or len(shape) != 2 or shape[0] != -1 or shape[1] < 1:
        return None
    if kind.name not in PLAIN_TENSORS:
        return None
    allowed = PLAIN_TENSORS[kind.name]
    return Plan((), (Column(allowed, kind),) * shape[1], kind, allowed)
