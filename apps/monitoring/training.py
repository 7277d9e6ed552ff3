"""Reads the training inputs that a run logged, from MLflow's artifacts."""

from __future__ import annotations

import io
from typing import Any

from apps.core.errors import Invalid
from apps.core.late import late

pa, csv, parquet = late("pyarrow"), late("pyarrow.csv"), late("pyarrow.parquet")

MOST_BYTES = 256 * 1024 * 1024


def columns(data: bytes, path: str) -> dict[str, list[Any]]:
    """The columns of a CSV or Parquet file."""
    try:
        table = _table(data, path)
    except pa.ArrowException as error:
        raise Invalid(field="artifact", reason=f"{path} cannot be read: {error}") from error
    return {str(name): table[name].to_pylist() for name in table.column_names}


def _table(data: bytes, path: str) -> Any:
    if path.endswith(".parquet"):
        return parquet.read_table(io.BytesIO(data))
    if path.endswith(".csv"):
        return csv.read_csv(io.BytesIO(data))
    raise Invalid(field="artifact", reason=f"{path}: a .csv or .parquet file")
