"""Names the field that does not fit the signature, where MLflow would name none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from mlflow.types.schema import DataType, Schema

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
NEEDED = f"body: exactly one of {', '.join(FORMS)} is needed"
INT64, INT32 = 2**63, 2**31

Cell = tuple[str, Any, Any]  # where, the column's name or place, the value


def explain(body: Any, schema: Schema | None) -> str | None:
    """The first fault of a JSON body as one sentence; nothing where none is found."""
    if not isinstance(body, dict):
        return f"body: a JSON object is needed, not {_kind(body)}"
    forms = [form for form in FORMS if form in body]
    if len(forms) != 1:
        given = f", not {' and '.join(forms)}" if forms else ""
        return NEEDED + given
    [form] = forms
    return _shape(form, body[form]) or _against(form, body[form], schema)


def _shape(form: str, given: Any) -> str | None:
    if form == "dataframe_split":
        return _split(given)
    if form == "dataframe_records":
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            return f"{form}: a list of objects is needed, one for each row"
    elif not isinstance(given, (list, dict)):
        return f"{form}: a list or an object is needed, not {_kind(given)}"
    return None if given else f"{form}: it holds no row"


def _split(given: Any) -> str | None:
    if not isinstance(given, dict) or not isinstance(given.get("data"), list):
        return "dataframe_split: an object with columns and data is needed; data is a list of rows"
    columns = given.get("columns")
    if columns is not None and not isinstance(columns, list):
        return "dataframe_split.columns: a list of names is needed"
    if unknown := given.keys() - {"columns", "data", "index"}:
        return f"dataframe_split.{min(unknown)}: only columns, data and index belong here"
    if columns is not None and len(set(map(str, columns))) != len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        return f"dataframe_split.columns: {_cut(twice)} stands there more than once"
    index = given.get("index")
    if index is not None and (not isinstance(index, list) or len(index) != len(given["data"])):
        return "dataframe_split.index: one label for each row of data is needed"
    if not given["data"]:
        return "dataframe_split.data: it holds no row"
    return _lengths(given["data"], columns)


def _lengths(rows: list[Any], columns: list[Any] | None) -> str | None:
    for place, row in enumerate(rows):
        if not isinstance(row, list):
            return f"dataframe_split.data[{place}]: a list of values is needed, not {_kind(row)}"
        if columns is not None and len(row) != len(columns):
            return (
                f"dataframe_split.data[{place}]: {len(columns)} values are needed, not {len(row)}"
            )
    return None


def _against(form: str, given: Any, schema: Schema | None) -> str | None:
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return None
    specs = {str(spec.name): spec for spec in schema.inputs}
    names = _names(form, given)
    if names is None and len(specs) > 1:
        return f"{form}: values without names do not fit; the model needs {', '.join(specs)}"
    if names is not None and (fault := _missing(form, names, specs)):
        return fault
    for where, name, value in _cells(form, given):
        spec = specs.get(name)
        if spec is not None and (fault := _value(value, spec)):
            return f"{where}: {fault}"
    return _uneven(form, given, specs)


def _missing(form: str, names: set[str], specs: dict[str, Any]) -> str | None:
    missing = [name for name, spec in specs.items() if spec.required and name not in names]
    if not missing:
        return None
    extra = sorted(_cut(each) for each in names - specs.keys())[:5]
    beside = f"; it does not know {', '.join(extra)}" if extra else ""
    return f"{form}.{missing[0]}: the model needs this column in every row{beside}"


def _names(form: str, given: Any) -> set[str] | None:
    """The columns that every row has; nothing where the form names none."""
    if form == "dataframe_split":
        columns = given.get("columns")
        return None if columns is None else set(map(str, columns))
    if isinstance(given, dict):
        return set(given)
    if given and all(isinstance(each, dict) for each in given):
        return set.intersection(*(set(each) for each in given))
    return None


def _cells(form: str, given: Any) -> Iterator[Cell]:
    if form == "dataframe_split":
        for place, row in enumerate(given["data"]):
            for name, value in zip(given.get("columns") or (), row, strict=False):
                yield f"{form}.data[{place}].{name}", name, value
    elif isinstance(given, dict):
        for name, values in given.items():
            for place, value in enumerate(values if isinstance(values, list) else [values]):
                yield f"{form}.{name}[{place}]", name, value
    else:
        for place, record in enumerate(given):
            for name, value in record.items() if isinstance(record, dict) else ():
                yield f"{form}[{place}].{name}", name, value


def _uneven(form: str, given: Any, specs: dict[str, Any]) -> str | None:
    if form == "dataframe_split" or not isinstance(given, dict):
        return None
    if empty := next((name for name in specs if given.get(name) == []), None):
        return f"{form}.{empty}: it holds no value"
    lists = {name: len(given[name]) for name in specs if isinstance(given.get(name), list)}
    if len(set(lists.values())) < 2:
        return None
    first, *others = lists
    odd = next(name for name in others if lists[name] != lists[first])
    return f"{form}.{odd}: {lists[first]} values are needed as in {first}, not {lists[odd]}"


def _value(value: Any, spec: Any) -> str | None:
    if not isinstance(spec.type, DataType):
        return None
    if value is None:
        empty = spec.type in {DataType.double, DataType.float} or not spec.required
        return None if empty else f"a value of type {spec.type} is needed, not null"
    check = CHECKS.get(spec.type)
    return None if check is None or check(value) else _needed(spec, value)


def _needed(spec: Any, value: Any) -> str:
    return f"a value of type {spec.type} is needed, not {_kind(value)} {_cut(value)}"


def _whole(value: Any, bound: int) -> bool:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    return fits and math.isfinite(value) and value == int(value) and -bound <= value < bound


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


CHECKS: dict[DataType, Callable[[Any], bool]] = {
    DataType.double: _number,
    DataType.float: _number,
    DataType.long: lambda value: _whole(value, INT64),
    DataType.integer: lambda value: _whole(value, INT32),
    DataType.boolean: lambda value: isinstance(value, bool),
    DataType.string: lambda value: isinstance(value, str),
    DataType.binary: lambda value: isinstance(value, str),
    DataType.datetime: lambda value: isinstance(value, (str, int)),
}


def _kind(value: Any) -> str:
    names = {bool: "truth value", int: "number", float: "number", str: "text", dict: "object"}
    if value is None:
        return "null"
    return names.get(type(value), "list")


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
