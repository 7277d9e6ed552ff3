"""A window at a glance: tallies of every row, and a random sample of whole rows.

Both merge in any order, so a window may be summed up in threads, in Spark or in Beam. The sample
is the rows with the smallest of random priorities: of any union it is again a simple random
sample without replacement (Vitter 1985; Cohen and Kaplan 2007, bottom-k).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from apps.core.late import late
from apps.monitoring.profiling.profiles import MOST_POINTS, OTHER, Profile, Type
from apps.monitoring.profiling.tallies import LARGEST, Tally, numbers, tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
else:
    np = late("numpy")
pa, pc = late("pyarrow"), late("pyarrow.compute")

MOST_SAMPLED = 5000
DRAWN = 262_144  # rows whose priorities are drawn at a time
BARS = 30
TEXT_LETTERS = 40  # on average at least; or
TEXT_WORDS = 4  # so many, and hardly any value twice
Mapping = Callable[[Callable[[Any], Tally], Iterable[Any]], Iterable[Tally]]


@dataclass(frozen=True, slots=True)
class Summary:
    """Of one window: `sample` is an Arrow table of at most 5,000 rows, in random order."""

    rows: int
    tallies: dict[str, Tally]
    sample: Any
    priorities: Floats

    def merged(self, other: Self) -> Self:
        """Of both parts together."""
        names = list(dict.fromkeys([*self.tallies, *other.tallies]))
        tallies = {name: _both(name, self, other) for name in names}
        tables = [each.sample for each in (self, other) if each.rows]
        sample = _concatenated(tables) if tables else self.sample
        priorities = np.concatenate([each.priorities for each in (self, other)])
        return type(self)(self.rows + other.rows, tallies, *_smallest(sample, priorities))

    @property
    def is_whole(self) -> bool:
        """Whether the sample holds every row."""
        return self.rows == len(self.priorities)

    def packed_sample(self) -> bytes:
        """The sampled rows as Arrow IPC."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.sample.schema) as stream:
            stream.write_table(self.sample)
        return bytes(sink.getvalue())

    def profiles(self, edges: dict[str, list[float]] | None = None) -> list[Profile]:
        """One profile per column, drawn on the baseline's edges where there are any."""
        return [self._profile(name, each, edges or {}) for name, each in self.tallies.items()]

    def _profile(self, name: str, found: Tally, edges: dict[str, list[float]]) -> Profile:
        column = self.sample[name]
        kind = Type.TEXT if found.type == Type.CATEGORICAL and is_text(column) else found.type
        points, bounds, heights = [], edges.get(name, []), []
        if kind == Type.NUMERIC and pa.types.is_primitive(column.type):
            ordered = np.sort(_finite(numbers(column)))
            points = _points(ordered)
            bounds = bounds or _edges(ordered)
            heights = _heights(ordered, bounds)
        counts = found.categories() if kind == Type.CATEGORICAL else {}
        return Profile(
            name, kind, found.rows, found.missing, points, counts,
            infinite=found.infinite, moments=found.moments, edges=bounds, heights=heights,
        )  # fmt: skip


def _concatenated(tables: Sequence[Any]) -> Any:
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.concat_tables(map(_as_text, tables), promote_options="permissive")


def _as_text(table: Any) -> Any:
    """Parts of different types have their text in common; nested values have none."""
    columns = [
        pa.nulls(table.num_rows, pa.large_string())
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type)
        else column.cast(pa.large_string())
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def _both(name: str, one: Summary, other: Summary) -> Tally:
    found = [
        each.tallies.get(name) or Tally(Type.OTHER, rows=each.rows, missing=each.rows)
        for each in (one, other)
    ]
    return found[0].merged(found[1])


def summarise(
    batches: Iterable[Any], schema: Any, *, threads: Executor | None = None, seed: int | None = 0
) -> Summary:
    """Sum up a stream of Arrow record batches in one pass, in memory of one batch and the sample."""
    run: Mapping = threads.map if threads else map
    tallies: dict[str, Tally] = dict(zip(schema.names, map(tally, _empty(schema)), strict=True))
    sampler = _Sampler(schema, seed)
    for batch in batches:
        parts = run(tally, batch.columns)
        tallies = {n: tallies[n].merged(part) for n, part in zip(schema.names, parts, strict=True)}
        sampler.add(batch)
    return Summary(sampler.rows, tallies, *sampler.sample())


def _empty(schema: Any) -> list[Any]:
    return [pa.array([], type=each.type) for each in schema]


class _Sampler:
    """The rows with the smallest priorities so far; compacted when it holds four times as many."""

    def __init__(self, schema: Any, seed: int | None) -> None:
        self.rows, self._limit = 0, 1.0
        self._generator = np.random.default_rng(seed)
        self._tables, self._drawn = [schema.empty_table()], [np.empty(0)]

    def add(self, batch: Any) -> None:
        """Draw a priority for each row, and keep those that may stay."""
        self.rows += batch.num_rows
        drawn = self._generator.random(batch.num_rows)
        chosen = np.flatnonzero(drawn < self._limit)
        if len(chosen) > MOST_SAMPLED:
            smallest = np.argpartition(drawn[chosen], MOST_SAMPLED - 1)[:MOST_SAMPLED]
            chosen = np.sort(chosen[smallest])
        self._tables.append(pa.Table.from_batches([batch.take(pa.array(chosen))]))
        self._drawn.append(drawn[chosen])
        if sum(map(len, self._drawn)) > 4 * MOST_SAMPLED:
            self._compact()

    def _compact(self) -> None:
        table, drawn = self.sample()
        self._tables, self._drawn = [table], [drawn]
        self._limit = drawn[-1] if len(drawn) == MOST_SAMPLED else 1.0

    def sample(self) -> tuple[Any, Floats]:
        """The rows kept, in the order of their priorities, and these."""
        return _smallest(pa.concat_tables(self._tables), np.concatenate(self._drawn))


def drawn(rows: int, seed: int | None) -> tuple[Floats, Any]:
    """The priorities of the rows that are sampled from so many, and their numbers, ascending."""
    generator = np.random.default_rng(seed)
    priorities, chosen = np.empty(0), np.empty(0, dtype=np.int64)
    for start in range(0, rows, DRAWN):
        fresh = generator.random(min(DRAWN, rows - start))
        priorities = np.concatenate([priorities, fresh])
        chosen = np.concatenate([chosen, np.arange(start, start + len(fresh))])
        if len(priorities) > MOST_SAMPLED:
            smallest = np.sort(np.argpartition(priorities, MOST_SAMPLED - 1)[:MOST_SAMPLED])
            priorities, chosen = priorities[smallest], chosen[smallest]
    return priorities, chosen


def _smallest(table: Any, priorities: Floats) -> tuple[Any, Floats]:
    order = np.argsort(priorities, kind="stable")[:MOST_SAMPLED]
    return table.combine_chunks().take(order), priorities[order]


def of_table(table: Any, *, seed: int | None = 0) -> Summary:
    """Sum up one Arrow table."""
    table = _plain(table)
    return summarise(table.to_batches(), table.schema, seed=seed)


def of_columns(columns: dict[str, Sequence[Any]], *, seed: int = 0) -> Summary:
    """Sum up Python values, column by column; a column of several types is compared as text."""
    return of_table(pa.table({name: _array(values) for name, values in columns.items()}), seed=seed)


def of_sample(packed: bytes, profiles: Sequence[Profile], rows: int) -> Summary:
    """A window as it was kept: its profiles, its sampled rows, and how many rows it had."""
    table = pa.ipc.open_stream(packed).read_all()
    tallies = {
        each.name: Tally(
            Type.CATEGORICAL if each.type == Type.TEXT else each.type,
            each.rows,
            each.missing,
            each.infinite,
            each.moments,
            # Texts are not counted: what was dropped says that they cannot be compared.
            {OTHER: each.present} if each.type == Type.TEXT else each.counts,
        )
        for each in profiles
    }
    priorities = np.arange(table.num_rows) / max(1, table.num_rows)
    return Summary(rows, tallies, table, priorities)


def _array(values: Sequence[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _plain(table: Any) -> Any:
    """Without two columns of one name, and dictionaries of one table in one piece."""
    names = list(dict.fromkeys(table.column_names))
    if len(names) < table.num_columns:
        table = table.select([table.column_names.index(name) for name in names])
    # Views cannot be taken from.
    for at, column in enumerate(table.columns):
        if pa.types.is_string_view(column.type):
            table = table.set_column(at, table.column_names[at], column.cast(pa.large_string()))
    return table.unify_dictionaries()


def is_text(column: Any) -> bool:
    """Whether strings are texts rather than names of categories."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type) or not len(column.drop_null()):
        return False
    column = column.cast(pa.large_string()).drop_null()
    words = pc.mean(pc.count_substring_regex(column, r"\S+")).as_py()
    seldom = pc.count_distinct(column).as_py() > len(column) / 2
    return bool(
        words >= TEXT_WORDS and (seldom or pc.mean(pc.utf8_length(column)).as_py() >= TEXT_LETTERS)
    )


def _finite(values: Floats) -> Floats:
    return values[np.abs(values) <= LARGEST]


def _points(ordered: Floats) -> list[float]:
    if len(ordered) <= MOST_POINTS:
        return [float(value) for value in ordered]
    at = ((np.arange(MOST_POINTS) + 0.5) / MOST_POINTS * len(ordered)).astype(int)
    return [float(value) for value in ordered[at]]


def _edges(ordered: Floats) -> list[float]:
    if not len(ordered):
        return []
    low, high = np.quantile(ordered, [0.005, 0.995])
    if low == high:
        low, high = ordered[0], ordered[-1]
    found = np.linspace(low, high, BARS + 1) if low < high else np.array([low - 0.5, low + 0.5])
    return [float(edge) for edge in found]


def _heights(ordered: Floats, edges: list[float]) -> list[int]:
    """Of each bar; what lies beyond the edges is counted in the bars at the ends."""
    if not edges:
        return []
    cuts = np.searchsorted(ordered, np.asarray(edges[1:-1]), side="right")
    return [int(n) for n in np.diff(np.concatenate([[0], cuts, [len(ordered)]]))]
