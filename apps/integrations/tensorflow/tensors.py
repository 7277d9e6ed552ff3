"""Rows as TensorFlow's tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.core.errors import Invalid
from apps.core.http import BadAnswer
from apps.core.late import late
from apps.integrations.tensorflow.messages import message

np = late("numpy")

# TensorFlow's number of a type, NumPy's name, and the field that holds values that are not in `tensor_content`.
DTYPES = {
    1: ("float32", "float_val"),
    2: ("float64", "double_val"),
    3: ("int32", "int_val"),
    4: ("uint8", "int_val"),
    5: ("int16", "int_val"),
    6: ("int8", "int_val"),
    7: ("bytes", "string_val"),
    9: ("int64", "int64_val"),
    10: ("bool", "bool_val"),
    22: ("uint32", "uint32_val"),
    23: ("uint64", "uint64_val"),
}
NAMES = {
    "DT_FLOAT": "float32",
    "DT_DOUBLE": "float64",
    "DT_STRING": "bytes",
    **{f"DT_{name.upper()}": name for name, _ in DTYPES.values() if name != "bytes"},
}
NUMBERS = {name: number for number, (name, _) in DTYPES.items()}


def packed(values: Any, dtype: str) -> Any:
    """A `TensorProto` of nested lists; `dtype` as NumPy names it, texts as `bytes`."""
    try:
        array = np.asarray(values, dtype=object if dtype == "bytes" else dtype)
    except (TypeError, ValueError) as error:
        raise Invalid(
            field="instances", reason=f"they are no tensor of {dtype}: {error}"
        ) from error
    made = message("TensorProto")(dtype=NUMBERS[dtype])
    for size in array.shape:
        made.tensor_shape.dim.add(size=size)
    if dtype == "bytes":
        made.string_val.extend(str(value).encode() for value in array.ravel())
    else:
        made.tensor_content = (
            np.ascontiguousarray(array).astype(f"<{array.dtype.str[1:]}").tobytes()
        )
    return made


def of_rows(rows: list[Any], signature: Mapping[str, str]) -> dict[str, Any]:
    """The inputs by name. With one input a row is its value, with several an object of them.

    `signature` holds TensorFlow's name of each input's type, such as DT_FLOAT.
    """
    if len(signature) == 1:
        [(name, kind)] = signature.items()
        return {name: packed(rows, _dtype(name, kind))}
    for row in rows:
        if not isinstance(row, dict) or row.keys() != signature.keys():
            names = ", ".join(sorted(signature))
            raise Invalid(field="instances", reason=f"each must be an object of {names}.")
    return {
        name: packed([row[name] for row in rows], _dtype(name, kind))
        for name, kind in signature.items()
    }


def _dtype(name: str, kind: str) -> str:
    if kind not in NAMES:
        raise Invalid(field=name, reason=f"inputs of type {kind} cannot be sent.")
    return NAMES[kind]


def rows_of(outputs: Mapping[str, list[Any]], count: int, service: str) -> list[Any]:
    """One answer for each row: the output's value, or an object where there are several outputs."""
    if not outputs or any(len(values) != count for values in outputs.values()):
        raise BadAnswer(service=service, reason="it is not one prediction for each row")
    if len(outputs) == 1:
        return list(*outputs.values())
    return [{name: values[at] for name, values in outputs.items()} for at in range(count)]


def unpacked(tensor: Any, service: str) -> list[Any]:
    """The nested lists of a `TensorProto`."""
    known = DTYPES.get(tensor.dtype)
    if known is None:
        raise BadAnswer(service=service, reason=f"tensors of type {tensor.dtype} are not read")
    dtype, field = known
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    flat = _flat(tensor, dtype, field)
    size = int(np.prod(shape))
    if len(flat) == 1 and size > 1:  # one value stands for all of them
        flat = np.repeat(flat, size)
    if len(flat) != size:
        raise BadAnswer(service=service, reason=f"{len(flat)} values for a tensor of {shape}")
    return flat.reshape(shape).tolist()  # type: ignore[no-any-return]


def _flat(tensor: Any, dtype: str, field: str) -> Any:
    if dtype == "bytes":
        texts = [value.decode(errors="replace") for value in tensor.string_val]
        return np.asarray(texts, dtype=object)
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype=np.dtype(dtype).newbyteorder("<"))
    return np.asarray(getattr(tensor, field), dtype=dtype)
