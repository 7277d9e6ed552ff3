"""Windows from Parquet and CSV files, row group by row group, on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from apps.core.errors import Invalid
from apps.core.late import late
from apps.monitoring.profiling.summaries import Summary, of_table, summarise

pa, csv, parquet, machine = (
    late("pyarrow"), late("pyarrow.csv"), late("pyarrow.parquet"), late("os"),
)  # fmt: skip

BATCH = 65_536
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
    schema = parquet.read_schema(path)
    names = _names(schema.names, columns, path)
    strings = [name for name in names if _is_string(schema.field(name).type)]
    # Pages are read as they are needed: a row group of any size takes little memory.
    file = parquet.ParquetFile(path, read_dictionary=strings, buffer_size=PAGE, pre_buffer=False)
    kept = pa.schema([file.schema_arrow.field(name) for name in names])
    batches = (each.select(names) for each in file.iter_batches(BATCH, columns=names))
    with ThreadPoolExecutor(max(1, machine.cpu_count() or 1)) as threads:
        return summarise(batches, kept, threads=threads, seed=seed)


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
