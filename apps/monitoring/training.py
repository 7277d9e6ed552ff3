"""Reads training inputs: files that a run logged or that somebody uploaded."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from apps.core.errors import Invalid
from apps.core.late import late
from apps.monitoring.profiling.files import read_csv

pa, parquet = late("pyarrow"), late("pyarrow.parquet")

MOST_BYTES = 256 * 1024 * 1024
MOST_COLUMNS = 2000
SUFFIXES = {".csv", ".parquet"}
IMPORTANCE = "feature_importance.json"


def table(data: bytes, path: str, field: str = "artifact") -> Any:
    """The Arrow table of a CSV or Parquet file; `Invalid` says why it cannot be read."""
    try:
        found = _table(data, path, field)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0][:300] if str(error) else "it is empty"
        raise Invalid(field=field, reason=f"{path} cannot be read: {reason}") from error
    if not found.num_rows or not 0 < found.num_columns <= MOST_COLUMNS:
        reason = f"{path}: rows, and at most {MOST_COLUMNS} columns, are needed"
        raise Invalid(field=field, reason=reason)
    return found


def _table(data: bytes, path: str, field: str) -> Any:
    if path.endswith(".parquet"):
        return parquet.read_table(io.BytesIO(data))
    if path.endswith(".csv"):
        return read_csv(io.BytesIO(data))
    raise Invalid(field=field, reason=f"{path}: a .csv or .parquet file")


def dataset(inputs: Sequence[Mapping[str, str]], name: str) -> Mapping[str, str] | None:
    """The input of this name among those that a run named; the one for training where there are several."""
    named = [each for each in inputs if each["name"] == name]
    return min(named, key=lambda each: each["context"] != "training", default=None)


def logged_at(named: Mapping[str, str]) -> list[str]:
    """Where the run may have logged the file that a data set was read from: its path, else its name.

    `mlflow.log_artifact` keeps the name; whoever logs a folder keeps the path. Empty where it was no file.
    """
    try:
        told = json.loads(named["source"])
        path = PurePosixPath(unquote(urlsplit(told.get("uri") or told.get("url") or "").path))
    except (ValueError, AttributeError):
        return []
    if path.suffix not in SUFFIXES:
        return []
    return list(dict.fromkeys([path.name] if path.is_absolute() else [str(path), path.name]))


def importance(data: bytes | None, params: Mapping[str, Any]) -> dict[str, float]:
    """How much the model relies on each column: of the artifact, else of the run's param.

    Either is JSON, a figure by column; without a readable one all columns are equal.
    """
    text = data if data is not None else params.get("feature_importance", "")
    try:
        found = json.loads(text)
    except (ValueError, TypeError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): float(value)
        for name, value in list(found.items())[:MOST_COLUMNS]
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    }
