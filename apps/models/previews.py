"""What a page shows of a file: text, a table, Markdown or a picture; of anything else, nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.safestring import SafeString

from apps.core.errors import PortalError
from apps.core.late import late
from apps.docs import markdown
from apps.models.run_files import File

pa, pq = late("pyarrow"), late("pyarrow.parquet")

LARGEST_TEXT = 1024 * 1024
LARGEST_DATA = 32 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 100, 50, 300
LONGEST_SHOWN = 200_000  # characters
# Pictures that hold no script.
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a file."""

    columns: list[str]
    rows: list[list[str]]
    whole: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be shown; `note` says what cannot, and why."""

    kind: str
    text: str = ""
    table: Table | None = None
    html: SafeString = field(default_factory=SafeString)
    note: str = ""


def fits(file: File) -> bool:
    """Whether the file is small enough to be looked into."""
    limit = LARGEST_DATA if file.suffix in {*PICTURES, ".parquet"} else LARGEST_TEXT
    return (file.size or 0) <= limit


def preview(file: File, place: Path) -> Preview:
    """Look into a file that was fetched."""
    if file.suffix in PICTURES:
        return Preview("picture")
    if file.suffix == ".parquet":
        return _parquet(place)
    text = _text(place)
    if text is None:
        return Preview("none", note="It is no text. Download it to look into it.")
    return READERS.get(file.suffix, _plain)(text)


def too_large(file: File) -> Preview:
    """What is said of a file that is not looked into."""
    return Preview("none", note="It is too large to be shown here. Download it.")


def _text(place: Path) -> str | None:
    content = place.read_bytes()
    if b"\x00" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _plain(text: str) -> Preview:
    cut = len(text) > LONGEST_SHOWN
    note = f"The first {LONGEST_SHOWN} characters." if cut else ""
    return Preview("text", text=text[:LONGEST_SHOWN], note=note)


def _markdown(text: str) -> Preview:
    try:
        return Preview("markdown", html=markdown.html(markdown.read(text)))
    except PortalError:
        return _plain(text)  # front matter that is no YAML: the text itself is what there is


def _separated(separator: str) -> Callable[[str], Preview]:
    def read(text: str) -> Preview:
        try:
            rows = list(islice(csv.reader(io.StringIO(text), delimiter=separator), MOST_ROWS + 2))
        except csv.Error:
            return _plain(text)
        return _as_table(rows[0], rows[1:]) if rows else _plain(text)

    return read


def _json(text: str) -> Preview:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return _plain(text)
    if _is_split(told):
        return _as_table(told["columns"], told["data"])
    if isinstance(told, list) and told and all(isinstance(each, dict) for each in told):
        columns = list(dict.fromkeys(key for each in told[:MOST_ROWS] for key in each))
        return _as_table(columns, [[each.get(name) for name in columns] for each in told])
    return _plain(json.dumps(told, indent=2, ensure_ascii=False))


def _is_split(told: Any) -> bool:
    """As MLflow's `log_table` writes it: names, and a list for each row."""
    if not isinstance(told, dict) or not {"columns", "data"} <= set(told):
        return False
    rows = told["data"]
    listed = isinstance(told["columns"], list) and isinstance(rows, list)
    return listed and all(isinstance(row, list) for row in rows)


def _parquet(place: Path) -> Preview:
    try:
        file = pq.ParquetFile(place)
        batch = next(file.iter_batches(batch_size=MOST_ROWS + 1), None)
    except (pa.ArrowException, OSError):
        return Preview("none", note="It cannot be read as Parquet. Download it.")
    names = file.schema_arrow.names
    rows = [list(row.values()) for row in batch.to_pylist()] if batch else []
    return _as_table(names, rows)


def _as_table(columns: list[Any], rows: list[list[Any]]) -> Preview:
    shown = [[_cell(each) for each in row[:MOST_COLUMNS]] for row in rows[:MOST_ROWS]]
    whole = len(rows) <= MOST_ROWS and len(columns) <= MOST_COLUMNS
    note = "" if whole else f"The first {MOST_ROWS} rows and {MOST_COLUMNS} columns at most."
    names = [_cell(each) for each in columns[:MOST_COLUMNS]]
    return Preview("table", table=Table(names, shown, whole), note=note)


def _cell(value: Any) -> str:
    shown = "" if value is None else str(value)
    return shown if len(shown) <= LONGEST_CELL else f"{shown[:LONGEST_CELL]}…"


READERS: dict[str, Callable[[str], Preview]] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".json": _json,
}
