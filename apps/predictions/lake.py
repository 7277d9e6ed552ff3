"""Parquet files on `LAKE_URL`: a file is written whole under a name of its own, and never changed."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.core.errors import Retryable
from apps.core.late import late
from apps.predictions.columns import Table

pq, fsspec = late("pyarrow.parquet"), late("fsspec")

ROWS_IN_A_GROUP = 128 * 1024


class LakeAway(Retryable):
    sentence = "The lake at LAKE_URL is not answering ({reason}). What is not there yet stays in the database."


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a table: how many bytes, and their SHA-256."""

    size: int
    digest: str


def new_path(deployment_id: int, kind: str, hour: datetime) -> str:
    """A name that no other file has."""
    return (
        f"deployment={deployment_id}/kind={kind}/hour={hour:%Y-%m-%dT%H}/{uuid.uuid4().hex}.parquet"
    )


def write(path: str, table: Table) -> Written:
    """Store the table; when this returns, the file outlives a loss of power. `LakeAway` otherwise."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROWS_IN_A_GROUP)
    body = sink.getvalue()
    files, root = _place()
    whole = f"{root}/{path}"
    try:
        files.makedirs(whole.rpartition("/")[0], exist_ok=True)
        files.pipe_file(whole, body)
        if "file" in _protocols(files):
            _sync(Path(whole))
    except OSError as error:
        raise LakeAway(reason=error.strerror or type(error).__name__) from error
    return Written(len(body), hashlib.sha256(body).hexdigest())


def read(path: str, columns: Sequence[str] | None = None) -> Table:
    """The table of a file, or those of its columns that it has; `FileNotFoundError` once it is gone."""
    files, root = _place()
    try:
        with files.open(f"{root}/{path}", "rb") as stored:
            found = pq.ParquetFile(stored)
            names = found.schema_arrow.names
            wanted = None if columns is None else [name for name in names if name in set(columns)]
            return found.read(columns=wanted)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LakeAway(reason=error.strerror or type(error).__name__) from error


def delete(path: str) -> None:
    """Remove a file; one that is gone already is no error."""
    files, root = _place()
    try:
        files.rm_file(f"{root}/{path}")
    except FileNotFoundError:
        return
    except OSError as error:
        raise LakeAway(reason=error.strerror or type(error).__name__) from error


def _place() -> tuple[Any, str]:
    files, root = fsspec.core.url_to_fs(settings.LAKE_URL)
    return files, root.rstrip("/")


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _sync(path: Path) -> None:
    """The file and every folder that may be new."""
    for each in (path, *list(path.parents)[:4]):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
