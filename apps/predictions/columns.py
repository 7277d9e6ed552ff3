"""Rows as Arrow columns: `id, time, version, release, shadow, truth`, `inputs.<name>`, `outputs.<name>`.

A record of truths has a column for each of its fields, `truth.<name>`. A column whose values are of several
types is kept as JSON texts and marked so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from apps.core.late import late
from apps.predictions.rows import Row

np, pa = late("numpy"), late("pyarrow")
Table = Any  # pyarrow brings no types

MIXED = {b"mixed": b"1"}
PARTS = ("inputs", "outputs", "truth")
FIXED = ("id", "time", "version", "release", "shadow")


def fixed() -> dict[str, Any]:
    """The types of the columns that every table has."""
    return dict(
        zip(FIXED, (pa.string(), moments(), pa.string(), pa.int64(), pa.bool_()), strict=True)
    )


def moments() -> Any:
    """The type of times: microseconds since 1970, UTC."""
    return pa.timestamp("us", "UTC")


def of_rows(rows: Sequence[Row]) -> Table:
    """A table of these rows, in their order."""
    made = {
        "id": [row.key for row in rows],
        "time": [round(row.time * 1_000_000) for row in rows],
        "version": [row.version for row in rows],
        "release": [row.release for row in rows],
        "shadow": [row.shadow for row in rows],
    }
    found = {name: (pa.array(values, fixed()[name]), False) for name, values in made.items()}
    for part in ("inputs", "outputs"):
        found |= _spread(part, [getattr(row, part) for row in rows])
    return assembled(found | _truths([row.truth for row in rows]))


def _spread(part: str, records: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, bool]]:
    """A column for each name; a record without it has no value there."""
    names = dict.fromkeys(name for record in records for name in record)
    return {f"{part}.{name}": typed([record.get(name) for record in records]) for name in names}


def _truths(truths: Sequence[Any]) -> dict[str, tuple[Any, bool]]:
    """One column of plain truths, and one for each field of those that are records."""
    plain = [None if isinstance(truth, dict) else truth for truth in truths]
    records = [truth if isinstance(truth, dict) else {} for truth in truths]
    found = {"truth": typed(plain)} if any(value is not None for value in plain) else {}
    return found | _spread("truth", records)


def typed(values: Sequence[Any]) -> tuple[Any, bool]:
    """The values as an array, and whether they had to become JSON because their types differ."""
    try:
        return pa.array(values), False
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([_encoded(value) for value in values], pa.string()), True


def _encoded(value: Any) -> str | None:
    if value is None:
        return None
    # Beyond 64 bits orjson has no integer.
    whole = isinstance(value, int) and not -(2**63) <= value < 2**64
    return orjson.dumps(float(value) if whole else value).decode()


def assembled(columns: dict[str, tuple[Any, bool]]) -> Table:
    """A table of `{name: (array, mixed)}`."""
    fields = [
        pa.field(name, array.type, metadata=MIXED if mixed else None)
        for name, (array, mixed) in columns.items()
    ]
    return pa.table([array for array, _ in columns.values()], schema=pa.schema(fields))


def is_mixed(field: Any) -> bool:
    """Whether the column holds JSON texts of several types."""
    return b"mixed" in (field.metadata or {})


def values(table: Table, name: str) -> list[Any]:
    """The values of a column as Python's; of a mixed one as they were sent."""
    found = table.column(name).to_pylist()
    if is_mixed(table.schema.field(name)):
        return [None if value is None else orjson.loads(value) for value in found]
    return list(found)


def to_rows(table: Table) -> list[Row]:
    """The rows of a table, in its order."""
    count = table.num_rows
    plain = {name: values(table, name) for name in FIXED[2:] if name in table.column_names}
    times = table.column("time").cast(pa.int64()).to_pylist()
    parts = [_records(table, part) for part in ("inputs", "outputs")]
    none = [None] * count
    told = zip(
        table.column("id").to_pylist(), (at / 1_000_000 for at in times), *parts,
        plain.get("version", none), plain.get("release", none), truths(table),
        plain.get("shadow", none), strict=True,
    )  # fmt: skip
    return [
        Row(key, at, asked, answered, version or "", release, truth, bool(shadow))
        for key, at, asked, answered, version, release, truth, shadow in told
    ]


def _records(table: Table, part: str) -> list[dict[str, Any]]:
    names = [name for name in table.column_names if name.startswith(f"{part}.")]
    if not names:
        return [{} for _ in range(table.num_rows)]
    short = [name.removeprefix(f"{part}.") for name in names]
    columns = [values(table, name) for name in names]
    return [dict(zip(short, each, strict=True)) for each in zip(*columns, strict=True)]


def truths(table: Table) -> list[Any]:
    """Each row's truth: a value, the fields that are known, or nothing."""
    plain = values(table, "truth") if "truth" in table.column_names else [None] * table.num_rows
    known = [
        {name: value for name, value in record.items() if value is not None}
        for record in _records(table, "truth")
    ]
    return [record or value for record, value in zip(known, plain, strict=True)]


def joined(tables: Iterable[Table], *, plain: bool = False) -> Table:
    """One table of several, with every column of any; columns whose types differ are brought together.

    With `plain` no column is left as JSON: what has several types becomes texts.
    """
    given = [table for table in tables if table.num_rows] or [empty()]
    names = dict.fromkeys(name for table in given for name in table.column_names)
    columns = {name: _together(name, given, plain) for name in names}
    return assembled(columns)


def empty() -> Table:
    """No rows, with the columns that every table has."""
    return pa.table({name: pa.array([], kind) for name, kind in fixed().items()})


def _together(name: str, tables: Sequence[Table], plain: bool) -> tuple[Any, bool]:
    fields = [table.schema.field(name) for table in tables if name in table.column_names]
    mixed = any(is_mixed(field) for field in fields)
    target = None if mixed else common([field.type for field in fields])
    if target is None:
        made = [_as_texts(table, name, plain) for table in tables]
        return pa.chunked_array(made, pa.string()), not plain
    made = [_cast(table, name, target) for table in tables]
    return pa.chunked_array([chunk for each in made for chunk in each.chunks], target), False


def _cast(table: Table, name: str, target: Any) -> Any:
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, target)])
    # Integers beyond 2^53 lose their last digits where others are fractions.
    return table.column(name).cast(target, safe=False)


def _as_texts(table: Table, name: str, plain: bool) -> Any:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    write = _text if plain else _encoded
    return pa.array([write(value) for value in values(table, name)], pa.string())


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(_encoded(value))


def common(types: Iterable[Any]) -> Any:
    """The type that holds all of these without loss of kind; `None` where there is none."""
    known = {each for each in types if not pa.types.is_null(each)}
    if len(known) < 2:
        return known.pop() if known else pa.null()
    if all(pa.types.is_integer(each) or pa.types.is_floating(each) for each in known):
        return pa.float64()
    return None


def taken(table: Table, places: Iterable[int]) -> Table:
    """The rows at these places."""
    return table.take(pa.array(list(places), pa.int64()))


def without(table: Table, places: Iterable[int]) -> Table:
    """All rows but those at these places."""
    left_out = list(places)
    if not left_out:
        return table
    keep = np.ones(table.num_rows, bool)
    keep[left_out] = False
    return table.filter(pa.array(keep))


def packed(table: Table) -> bytes:
    """The table as a stream of Arrow, compressed."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpacked(payload: bytes) -> Table:
    """The table of such a stream."""
    with pa.ipc.open_stream(payload) as reader:
        return reader.read_all()
