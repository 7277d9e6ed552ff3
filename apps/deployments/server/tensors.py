"""Tensors of the Open Inference Protocol, and what a model takes and gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from mlflow.types.schema import DataType, Schema, TensorSpec

from apps.deployments.server.answers import BadInput
from apps.deployments.server.plan import Plan, Rows

Array = np.ndarray[Any, Any]

DTYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
    "FP16": "float16", "FP32": "float32", "FP64": "float64", "BYTES": "object",
}  # fmt: skip
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
COLUMN_NAMES: dict[Any, str] = {
    DataType.boolean: "BOOL", DataType.integer: "INT32", DataType.long: "INT64",
    DataType.float: "FP32", DataType.double: "FP64", DataType.string: "BYTES",
    DataType.binary: "BYTES", DataType.datetime: "BYTES",
}  # fmt: skip
# Which of a tensor's types lose nothing in a column's type.
INTO: dict[Any, set[str]] = {
    DataType.boolean: {"BOOL"},
    DataType.integer: {"INT8", "INT16", "INT32", "UINT8", "UINT16"},
    DataType.long: {"INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32"},
    DataType.float: {"FP16", "FP32"},
    DataType.double: {"FP16", "FP32", "FP64", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32"},
    DataType.string: {"BYTES"},
    DataType.binary: {"BYTES"},
    DataType.datetime: {"BYTES"},
}  # fmt: skip
PREDICTIONS = "predict"  # the output's name where the signature gives none
MOST_AXES = 16


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor, read."""

    name: str
    datatype: str
    values: Array


def read(given: Any, where: str) -> Tensor:
    """A tensor from its JSON; `BadInput` names the part that does not fit."""
    if not isinstance(given, dict):
        raise BadInput(f"{where}: an object with name, shape, datatype and data is needed")
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise BadInput(f"{where}.name: a text is needed")
    where = f"inputs.{name[:80]}"
    datatype, shape = given.get("datatype"), shape_of(given.get("shape"), where)
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise BadInput(f"{where}.datatype: one of {', '.join(DTYPES)} is needed")
    if not isinstance(given.get("data"), list):
        raise BadInput(f"{where}.data: a list is needed")
    flat = list(_flat(given["data"], where, depth=len(shape)))
    values = filled(flat, datatype, shape, where)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise BadInput(f"{where}.data: a number is too large for {datatype}")
    return Tensor(name, datatype, values)


def shape_of(given: Any, where: str) -> tuple[int, ...]:
    """A shape; `BadInput` where it is none."""
    sizes = isinstance(given, (list, tuple)) and 0 < len(given) <= MOST_AXES
    if not sizes or not all(type(size) is int and 0 < size < 2**31 for size in given):
        raise BadInput(f"{where}.shape: a list of whole numbers above 0 is needed")
    return tuple(given)


def _flat(data: list[Any], where: str, *, depth: int) -> Iterator[Any]:
    """The values one after the other, whether they stand flat or nested."""
    for value in data:
        if not isinstance(value, list):
            yield value
        elif depth <= 1:
            raise BadInput(f"{where}.data: lists stand deeper in each other than shape says")
        else:
            yield from _flat(value, where, depth=depth - 1)


def filled(flat: Sequence[Any], datatype: str, shape: tuple[int, ...], where: str) -> Array:
    """Values in the shape that was declared for them."""
    if len(flat) != math.prod(shape):
        raise BadInput(
            f"{where}.data: shape {list(shape)} needs {math.prod(shape)} values, not {len(flat)}"
        )
    allowed = _allowed(datatype)
    if not allowed.issuperset(map(type, flat)):
        odd = next(value for value in flat if type(value) not in allowed)
        raise BadInput(f"{where}.data: {datatype} takes no {_said(odd)}")
    try:
        array = np.array(flat, dtype=DTYPES[datatype])
    except OverflowError as error:
        raise BadInput(f"{where}.data: a number is too large for {datatype}") from error
    return array.reshape(shape)


def _allowed(datatype: str) -> set[type]:
    if datatype == "BOOL":
        return {bool}
    if datatype == "BYTES":
        return {str}
    return {int, float} if datatype.startswith("FP") else {int}


def _said(value: Any) -> str:
    text = repr(value)
    return "null" if value is None else text if len(text) <= 60 else f"{text[:57]}…"


def rows(tensors: list[Tensor], plan: Plan, schema: Schema) -> Rows | Array | None:
    """Plain rows where the model has a plan of one array; nothing where the tensors are to be taken whole."""
    if plan.array is None:
        return None
    if len(tensors) == 1 and _is_matrix(tensors[0], plan):
        check_matrix(tensors[0], plan)
        return tensors[0].values.astype(plan.array)
    if not plan.names:
        return None
    columns = by_column(tensors, schema)
    if columns.keys() < set(plan.names):
        return None
    return list(zip(*(columns[name].tolist() for name in plan.names), strict=True))


def _is_matrix(tensor: Tensor, plan: Plan) -> bool:
    return (
        tensor.values.ndim == 2
        and tensor.values.shape[1] == plan.width
        and tensor.name not in plan.names
    )


def check_matrix(tensor: Tensor, plan: Plan) -> None:
    """`BadInput` where a matrix's type would lose something in a column."""
    kinds = {column.dtype for column in plan.columns if column.dtype is not None}
    source = tensor.values.dtype
    exact = tensor.datatype in INTO[DataType.double] if kinds == {np.dtype("float64")} else None
    fits = all(np.can_cast(source, kind) for kind in kinds) if exact is None else exact
    if not fits:
        needed = " and ".join(sorted(NAMES[kind] for kind in kinds))
        raise BadInput(f"inputs.{tensor.name}.datatype: {needed} is needed, not {tensor.datatype}")


def by_column(tensors: list[Tensor], schema: Schema) -> dict[str, Array]:
    """A flat column for each tensor; `BadInput` names what is missing or does not fit."""
    given = {tensor.name: tensor for tensor in tensors}
    columns: dict[str, Array] = {}
    for spec in schema.inputs:
        name = str(spec.name)
        if name not in given and spec.required:
            raise BadInput(f"inputs.{name}: the model needs this tensor")
        if name in given:
            columns[name] = _column(given[name], spec)
    lengths = {name: len(values) for name, values in columns.items()}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise BadInput(
                f"inputs.{name}.shape: {lengths[first]} rows are needed as in {first}, not {length}"
            )
    return columns


def _column(tensor: Tensor, spec: Any) -> Array:
    where = f"inputs.{tensor.name}"
    if math.prod(tensor.values.shape) != tensor.values.shape[0]:
        raise BadInput(
            f"{where}.shape: [rows] or [rows, 1] is needed, not {list(tensor.values.shape)}"
        )
    if tensor.datatype not in INTO.get(spec.type, {tensor.datatype}):
        raise BadInput(
            f"{where}.datatype: {COLUMN_NAMES[spec.type]} is needed, not {tensor.datatype}"
        )
    return tensor.values.reshape(-1)


def whole(tensors: list[Tensor], schema: Schema | None) -> Any:
    """What `predict` takes: a frame for columns, arrays for tensors."""
    if schema is None:
        flat = all(tensor.values.ndim == 1 for tensor in tensors)
        if len(tensors) == 1 and not flat:
            return tensors[0].values
        return pd.DataFrame({tensor.name: list(tensor.values) for tensor in tensors})
    if schema.is_tensor_spec():
        return _arrays(tensors, schema)
    if not schema.has_input_names():
        return pd.DataFrame(np.column_stack([tensor.values for tensor in tensors]))
    columns = by_column(tensors, schema)
    kinds = {str(spec.name): spec.type for spec in schema.inputs}
    return pd.DataFrame({name: _as_column(values, kinds[name]) for name, values in columns.items()})


def _as_column(values: Array, kind: Any) -> Any:
    if kind == DataType.datetime:
        return pd.to_datetime(pd.Series(values)).dt.as_unit("ns")
    if kind == DataType.string or not isinstance(kind, DataType):
        return pd.Series(list(values))
    return values.astype(kind.to_numpy()) if values.dtype.kind != "O" else pd.Series(list(values))


def _arrays(tensors: list[Tensor], schema: Schema) -> Any:
    specs: list[Any] = list(schema.inputs)
    given = {tensor.name: tensor for tensor in tensors}
    if not specs[0].name:
        if len(tensors) != 1:
            raise BadInput(f"inputs: one tensor is needed, not {len(tensors)}")
        return _tensor(tensors[0], specs[0])
    for spec in specs:
        if spec.name not in given and spec.required:
            raise BadInput(f"inputs.{spec.name}: the model needs this tensor")
    return {spec.name: _tensor(given[spec.name], spec) for spec in specs if spec.name in given}


def _tensor(tensor: Tensor, spec: Any) -> Array:
    wanted = tuple(spec.shape)
    alike = len(wanted) == tensor.values.ndim
    pairs = zip(wanted, tensor.values.shape, strict=True) if alike else ()
    if not alike or not all(size in {-1, found} for size, found in pairs):
        raise BadInput(
            f"inputs.{tensor.name}.shape: {list(wanted)} is needed, not {list(tensor.values.shape)}"
        )
    if not np.can_cast(tensor.values.dtype, spec.type):
        raise BadInput(
            f"inputs.{tensor.name}.datatype: {NAMES.get(spec.type, spec.type)} is needed, not {tensor.datatype}"
        )
    return tensor.values.astype(spec.type, copy=False)


def outputs(predictions: Any, names: list[str]) -> list[Tensor]:
    """What a model predicted, as tensors: one for each column of a frame, or one of all."""
    if isinstance(predictions, pd.DataFrame):
        return [_output(str(name), predictions[name].to_numpy()) for name in predictions.columns]
    if isinstance(predictions, dict):
        return [
            _output(str(name), np.atleast_1d(np.asarray(each)))
            for name, each in predictions.items()
        ]
    values = np.atleast_1d(np.asarray(predictions))
    return [_output(names[0] if len(names) == 1 else PREDICTIONS, values)]


def _output(name: str, values: Array) -> Tensor:
    if values.dtype in NAMES and values.dtype.kind != "O":
        return Tensor(name, NAMES[values.dtype], values)
    texts = np.array([str(value) for value in values.reshape(-1)], dtype=object)
    return Tensor(name, "BYTES", texts.reshape(values.shape))


def described(schema: Schema | None) -> list[dict[str, Any]]:
    """A signature's inputs or outputs as the protocol describes tensors."""
    if schema is None:
        return []
    told = []
    specs: list[Any] = list(schema.inputs)
    for place, spec in enumerate(specs):
        name = str(spec.name if spec.name is not None else PREDICTIONS if place == 0 else place)
        is_tensor = isinstance(spec, TensorSpec)
        datatype = (
            NAMES.get(np.dtype(spec.type), "BYTES")
            if is_tensor
            else COLUMN_NAMES.get(spec.type, "BYTES")
        )
        shape = [int(size) for size in spec.shape] if is_tensor else [-1]
        told.append({"name": name, "datatype": datatype, "shape": shape})
    return told
