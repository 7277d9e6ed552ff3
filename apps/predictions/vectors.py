"""Records and foreign tables as the log's own columns, and what of them cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from apps.core.errors import Invalid
from apps.core.late import late
from apps.predictions import columns
from apps.predictions.columns import Table
from apps.predictions.models import Kind
from apps.predictions.rows import (
    BAD_ID,
    BAD_TIME,
    LATEST,
    LONGEST_KEY,
    LONGEST_NAME,
    MOST_COLUMNS,
    Unreadable,
    seconds_of,
)

pa, pc = late("pyarrow"), late("pyarrow.compute")

FEW = 32  # records that are not worth a table
PARTS = {Kind.PREDICTION: ("inputs", "outputs"), Kind.TRUTH: ("truth",)}
Records = Sequence[Any]
Reasons = dict[int, str]


def of_records(records: Records, kind: Kind) -> Table | None:
    """The records as a table, where all of them are alike and fit; `None`: look at each of them."""
    if len(records) < FEW or kind != Kind.PREDICTION:
        return None
    try:
        found = {
            "id": (pa.array([each["id"] for each in records], pa.string()), False),
            "time": (_times([each["time"] for each in records]), False),
            "version": (
                pa.array([each.get("version", "") for each in records], pa.string()),
                False,
            ),
        }
        for part in ("inputs", "outputs"):
            found |= _alike(part, [each[part] for each in records])
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, pa.ArrowException):
        return None
    table = columns.assembled(found)
    return None if faults(table) else table


def _times(values: list[Any]) -> Any:
    if isinstance(values[0], str):
        return pa.array(values, pa.string()).cast(columns.moments())
    return _of_seconds(pa.array(values))


def _of_seconds(seconds: Any) -> Any:
    if pa.types.is_boolean(seconds.type):
        raise TypeError
    counted = pc.round(pc.multiply(seconds.cast(pa.float64()), 1e6))
    return counted.cast(pa.int64()).cast(columns.moments())


def _alike(part: str, records: list[dict[str, Any]]) -> dict[str, tuple[Any, bool]]:
    names = list(records[0])
    if len(names) > MOST_COLUMNS or any(len(each) != len(names) for each in records):
        raise KeyError
    found = {
        f"{part}.{name}": (pa.array([each[name] for each in records]), False) for name in names
    }
    if any(len(name) > LONGEST_NAME for name in names) or not all(
        pa.types.is_primitive(array.type) or array.type in (pa.string(), pa.null())
        for array, _ in found.values()
    ):
        raise TypeError
    return found


def faults(table: Table) -> Reasons:
    """The rows whose id or time cannot be used, each with the reason."""
    ids, times = table.column("id"), table.column("time")
    length = pc.fill_null(pc.utf8_length(ids), 0)
    bad = pc.or_(pc.or_(pc.equal(length, 0), pc.greater(length, LONGEST_KEY)),
                 pc.fill_null(pc.match_substring(ids, "\x00"), True))  # fmt: skip
    seconds = pc.fill_null(times.cast(pa.int64()), -1)
    never = pc.or_(pc.less(seconds, 0), pc.greater_equal(seconds, int(LATEST) * 1_000_000))
    found = dict.fromkeys(pc.indices_nonzero(never).to_pylist(), BAD_TIME)
    return found | dict.fromkeys(pc.indices_nonzero(bad).to_pylist(), BAD_ID)


def of_table(sent: Table, kind: Kind) -> tuple[Table, Reasons]:
    """A client's table with the log's columns and types, and the rows of it that cannot be used.

    Refuses a table without the columns that every row needs, or with a type that no column may have.
    """
    flat = _flat(sent)
    if len(set(flat.column_names)) != flat.num_columns or flat.num_columns > MOST_COLUMNS:
        raise Invalid(field="columns", reason=f"at most {MOST_COLUMNS}, each name once.")
    times, reasons = _moments(_needed(flat, "time"))
    found = {"id": (_ids(flat), False), "time": (times, False)}
    if kind == Kind.PREDICTION:
        found["version"] = (_versions(flat), False)
    parts = PARTS[kind]
    given = [name for name in flat.column_names if name.partition(".")[0] in parts]
    if not given:
        raise Invalid(field=parts[0], reason=f"columns {parts[0]}.<name>, or a struct, are needed.")
    for name in given:
        found[name[:LONGEST_NAME]] = (_plain(name, flat.column(name)), False)
    table = columns.assembled(found)
    return table, {**faults(table), **reasons}


def _flat(sent: Table) -> Table:
    """Structs named like a part of a record become columns of their own."""
    arrays, names = [], []
    for field, column in zip(sent.schema, sent.columns, strict=True):
        if pa.types.is_struct(field.type) and field.name in ("inputs", "outputs", "truth"):
            whole = column.combine_chunks()
            whole = whole if isinstance(whole, pa.StructArray) else pa.array([], field.type)
            arrays += whole.flatten()
            names += [f"{field.name}.{each.name}" for each in field.type]
        else:
            arrays.append(column)
            names.append(field.name)
    return pa.table(arrays, names=names)


def _needed(table: Table, name: str) -> Any:
    if name not in table.column_names:
        raise Invalid(field=name, reason="the column is missing.")
    return table.column(name)


def _ids(table: Table) -> Any:
    found = _decoded(_needed(table, "id"))
    if found.type != pa.string():
        raise Invalid(field="id", reason="a column of texts is needed.")
    return found


def _versions(table: Table) -> Any:
    if "version" not in table.column_names:
        return pa.array([""] * table.num_rows, pa.string())
    found = _decoded(table.column("version"))
    if found.type != pa.string():
        found = found.cast(pa.string())
    return pc.utf8_slice_codeunits(pc.fill_null(found, ""), 0, LONGEST_KEY)


def _moments(given: Any) -> tuple[Any, Reasons]:
    """Times as moments; where they are texts that Arrow cannot read, each is looked at."""
    given = _decoded(given)
    if pa.types.is_timestamp(given.type):
        zoned = given if given.type.tz else given.cast(pa.timestamp(given.type.unit, "UTC"))
        return zoned.cast(columns.moments(), safe=False), {}
    if pa.types.is_integer(given.type) or pa.types.is_floating(given.type):
        # What is no time at all becomes one that is refused.
        seconds = given.cast(pa.float64(), safe=False)
        sane = pc.and_(pc.greater_equal(seconds, 0), pc.less(seconds, LATEST))
        return _of_seconds(pc.if_else(pc.fill_null(sane, False), seconds, -1.0)), {}
    if given.type != pa.string():
        raise Invalid(field="time", reason="a column of times, of texts or of seconds is needed.")
    return _each_moment(given.to_pylist())


def _each_moment(texts: list[Any]) -> tuple[Any, Reasons]:
    reasons: Reasons = {}
    found: list[int] = []
    for at, text in enumerate(texts):
        try:
            found.append(round(seconds_of(text) * 1_000_000))
        except Unreadable as error:
            reasons[at] = str(error)
            found.append(0)
    return pa.array(found, pa.int64()).cast(columns.moments()), reasons


def _decoded(column: Any) -> Any:
    """A column of texts of any kind as a plain one."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_large_string(kind) or kind == pa.string_view():
        return column.cast(pa.string())
    return column


def _plain(name: str, column: Any) -> Any:
    """A column in one of the log's types: whole numbers, numbers, texts, true or false."""
    column = _decoded(column)
    for fits, change in _CHANGES:
        if fits(column.type):
            return change(column)
    raise Invalid(
        field=name, reason=f"{column.type} is not kept; send numbers, texts, true or false."
    )


def _as(kind: str) -> Callable[[Any], Any]:
    return lambda column: column.cast(getattr(pa, kind)(), safe=False)


_CHANGES: list[tuple[Callable[[Any], bool], Callable[[Any], Any]]] = [
    (lambda kind: kind == pa.uint64(), _as("float64")),
    (lambda kind: pa.types.is_integer(kind), _as("int64")),
    (lambda kind: pa.types.is_floating(kind), _as("float64")),
    (lambda kind: pa.types.is_decimal(kind), _as("float64")),
    (lambda kind: pa.types.is_string(kind), lambda column: column),
    (lambda kind: pa.types.is_boolean(kind), lambda column: column),
    (lambda kind: pa.types.is_null(kind), lambda column: column),
    (lambda kind: pa.types.is_temporal(kind), _as("string")),
]


def records(table: Table, places: Sequence[int]) -> list[dict[str, Any]]:
    """These rows as the records that a client would send as JSON."""
    taken = columns.taken(table, places)
    found = []
    for row in taken.to_pylist():
        at = row.pop("time")
        record: dict[str, Any] = {"id": row.pop("id"), "time": at and at.isoformat()}
        for name, value in row.items():
            part, _, rest = name.partition(".")
            record[part] = {**record.get(part, {}), rest: value} if rest else value
        found.append(record)
    return found
