"""Windows from Parquet and CSV files, on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.errors import Invalid
from apps.core.late import late
from apps.monitoring.profiling.summaries import Summary, drawn, of_table
from apps.monitoring.profiling.tallies import Tally, tally

np, machine = late("numpy"), late("os")
pa, csv, parquet = late("pyarrow"), late("pyarrow.csv"), late("pyarrow.parquet")

BATCH = 262_144
PAGE = 1_048_576
MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "<NA>")


def summary(path: Path, columns: Sequence[str] | None = None, *, seed: int = 0) -> Summary:
    """Sum up one file. `Invalid` says what is wrong with it."""
    if not path.is_file():
        raise Invalid(field=str(path), reason="no such file; name a .parquet or .csv file")
    try:
        return _read(path, columns, seed)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0][:300] if str(error) else "it is empty"
        raise Invalid(field=str(path), reason=f"it cannot be read: {reason}") from error


def _read(path: Path, columns: Sequence[str] | None, seed: int) -> Summary:
    if path.suffix in {".csv", ".gz"} or path.name.endswith(".csv.gz"):
        return of_table(_chosen(read_csv(path), columns, path), seed=seed)
    if path.suffix not in {".parquet", ".pq"}:
        raise Invalid(field=str(path), reason="name a .parquet, .csv or .csv.gz file")
    return _parquet(path, columns, seed)


def _parquet(path: Path, columns: Sequence[str] | None, seed: int) -> Summary:
    """Column by column, each in a thread: a column takes the memory of a batch and of its sample."""
    file = parquet.ParquetFile(path)
    names = _names(file.schema_arrow.names, columns, path)
    priorities, chosen = drawn(file.metadata.num_rows, seed)
    column = _Column(path, file.metadata, file.schema_arrow, chosen)
    with ThreadPoolExecutor(max(1, machine.cpu_count() or 1)) as threads:
        found = list(threads.map(column.read, names))
    order = np.argsort(priorities, kind="stable")
    sample = pa.table([each.take(pa.array(order)) for _, each in found], names=names)
    tallies = {name: each for name, (each, _) in zip(names, found, strict=True)}
    return Summary(file.metadata.num_rows, tallies, sample, priorities[order])


@dataclass(frozen=True, slots=True)
class _Column:
    """Reads one column of a Parquet file: its tally, and its values in the chosen rows."""

    path: Path
    metadata: Any
    schema: Any
    chosen: Any  # row numbers, ascending

    def read(self, name: str) -> tuple[Tally, Any]:
        kind = self.schema.field(name).type
        strings = [name] if _is_string(kind) else None
        # Pages are read as they are needed: a row group of any size takes little memory.
        file = parquet.ParquetFile(
            self.path,
            metadata=self.metadata,
            read_dictionary=strings,
            buffer_size=PAGE,
            pre_buffer=False,
        )
        of_type = file.schema_arrow.field(name).type
        found, kept, start = tally(pa.array([], of_type)), [pa.array([], of_type)], 0
        for batch in file.iter_batches(BATCH, columns=[name], use_threads=False):
            values = batch.column(0)
            found = found.merged(tally(values))
            first, last = np.searchsorted(self.chosen, [start, start + len(values)])
            kept.append(values.take(pa.array(self.chosen[first:last] - start)))
            start += len(values)
        return found, pa.chunked_array(kept).unify_dictionaries().combine_chunks()


def _is_string(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _names(found: Sequence[str], wanted: Sequence[str] | None, path: Path) -> list[str]:
    if not wanted:
        return list(dict.fromkeys(found))
    lost = [name for name in wanted if name not in found]
    if lost:
        raise Invalid(field="columns", reason=f"{path.name} has no column {', '.join(lost)}")
    return list(wanted)


def _chosen(table: Any, columns: Sequence[str] | None, path: Path) -> Any:
    return table.select(_names(table.column_names, columns, path))


def read_csv(source: Any) -> Any:
    """A CSV file as an Arrow table: a path, or an open file."""
    options = csv.ConvertOptions(null_values=list(MISSING), strings_can_be_null=True)
    return csv.read_csv(source, convert_options=options)
