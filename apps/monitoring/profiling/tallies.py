"""Counts of one column, of a part of a window: parts add up to the whole in any order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from apps.core.late import late
from apps.monitoring.profiling.profiles import MOST_CATEGORIES, OTHER, Moments, Type

np, pa, pc = late("numpy"), late("pyarrow"), late("pyarrow.compute")

MOST_COUNTED = 4000  # categories counted at a time; the least of more are dropped together
LONGEST_NAME = 200
LARGEST = 1e150  # beyond it squares overflow: such a number counts as infinite


@dataclass(frozen=True, slots=True)
class Tally:
    """Mergeable counts of one column. Categories are bounded as by Misra and Gries 1982."""

    type: Type
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    moments: Moments = field(default_factory=Moments)
    counts: dict[str, int] = field(default_factory=dict)

    def merged(self, other: Self) -> Self:
        """Of both parts; of two types it is the one that holds any value."""
        kind = self.type if self.type == other.type else _wider(self.type, other.type)
        return replace(
            self,
            type=kind,
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            infinite=self.infinite + other.infinite,
            moments=self.moments.merged(other.moments),
            counts=_bounded(_added(self.counts, other.counts), MOST_COUNTED),
        )

    def categories(self) -> dict[str, int]:
        """The commonest, and all others together."""
        return _bounded(self.counts, MOST_CATEGORIES)


def kind_of(column: Any) -> Type:
    """How a column of this Arrow type is compared; texts are told from categories later."""
    kind = column.value_type if pa.types.is_dictionary(column) else column
    if pa.types.is_null(kind):
        return Type.OTHER
    for is_so, found in _kinds():
        if is_so(kind):
            return found
    return Type.OTHER


def _kinds() -> list[tuple[Any, Type]]:
    of = pa.types
    return [
        (of.is_boolean, Type.CATEGORICAL),
        (of.is_integer, Type.NUMERIC),
        (of.is_floating, Type.NUMERIC),
        (of.is_decimal, Type.NUMERIC),
        (of.is_duration, Type.NUMERIC),
        (of.is_temporal, Type.TIME),
        (of.is_string, Type.CATEGORICAL),
        (of.is_large_string, Type.CATEGORICAL),
        (of.is_string_view, Type.CATEGORICAL),
        (lambda kind: _is_vector(kind), Type.VECTOR),
    ]


def _is_vector(kind: Any) -> bool:
    of = pa.types
    nested = of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind)
    return bool(nested and (of.is_floating(kind.value_type) or of.is_integer(kind.value_type)))


def tally(column: Any) -> Tally:
    """Count one Arrow array or chunked array."""
    kind = kind_of(column.type)
    rows = len(column)
    if kind == Type.NUMERIC:
        return _numbers(numbers(column), rows)
    if kind == Type.CATEGORICAL:
        return Tally(kind, rows, column.null_count, counts=_counted(column))
    return Tally(kind, rows, column.null_count)


def numbers(column: Any) -> Any:
    """A numeric column as 64-bit floats, NaN where it is missing."""
    kind = column.type
    if pa.types.is_duration(kind):
        column = column.cast(pa.int64())
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        column = column.cast(pa.float64())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    found = column.to_numpy(zero_copy_only=False)
    return found.astype(np.float64, copy=False)


def _numbers(values: Any, rows: int) -> Tally:
    finite = np.abs(values) <= LARGEST
    known = int(np.count_nonzero(finite))
    missing = infinite = 0
    if known < rows:
        missing = int(np.count_nonzero(np.isnan(values)))
        infinite, values = rows - known - missing, values[finite]
    if not known:
        return Tally(Type.NUMERIC, rows, missing, infinite)
    mean = float(values.mean())
    apart = values - mean
    # einsum stays in its thread; a BLAS product would wake threads of its own for each column.
    squares = float(np.einsum("i,i->", apart, apart))
    moments = Moments(known, mean, squares, float(values.min()), float(values.max()))
    return Tally(Type.NUMERIC, rows, missing, infinite, moments)


def _counted(column: Any) -> dict[str, int]:
    found = pc.value_counts(column.drop_null())
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    counts, values = found.field("counts"), found.field("values")
    if len(found) > MOST_COUNTED:
        kept = pc.select_k_unstable(counts, k=MOST_COUNTED, sort_keys=[("", "descending")])
        rest = pc.sum(counts).as_py() - pc.sum(counts.take(kept)).as_py()
        values, counts = values.take(kept), counts.take(kept)
        return _added(_named(values, counts), {OTHER: rest})
    return _named(values, counts)


def _named(values: Any, counts: Any) -> dict[str, int]:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    names = (str(value)[:LONGEST_NAME] for value in values.cast(pa.string()).to_pylist())
    found: dict[str, int] = {}
    for name, count in zip(names, counts.to_pylist(), strict=True):
        found[name] = found.get(name, 0) + count
    return found


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    found = dict(one)
    for name, count in other.items():
        found[name] = found.get(name, 0) + count
    return found


def _bounded(counts: dict[str, int], most: int) -> dict[str, int]:
    if len(counts) <= most:
        return counts
    rest = counts.get(OTHER, 0)
    named = sorted((item for item in counts.items() if item[0] != OTHER), key=lambda i: -i[1])
    rest += sum(count for _, count in named[most - 1 :])
    return {**dict(named[: most - 1]), OTHER: rest}


def _wider(one: Type, other: Type) -> Type:
    if Type.OTHER in (one, other):
        return one if other == Type.OTHER else other
    return Type.CATEGORICAL
