"""A series in a CSV file: `timestamp,value`, with a first line of names or without."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from apps.core.errors import PortalError

MISSING = frozenset({"", "na", "nan", "null", "none", "-"})
TIME_NAMES = frozenset({"timestamp", "time", "at", "date", "datetime"})


class BadSeries(PortalError):
    code, status = "bad_series", 400
    sentence = "{file}, line {line}: {reason}"


class NoSeries(PortalError):
    code, status = "no_series", 400
    sentence = "{file}: {reason}"


@dataclass(slots=True)
class Series:
    """Rows in the file's order: seconds since 1970, the time as it was written, the value."""

    times: list[float] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)


def read(path: Path) -> Series:
    """The series in the file; `BadSeries` names the line that cannot be read."""
    found = Series()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for at, seconds, value in _rows(path.name, csv.reader(file)):
                found.times.append(seconds)
                found.written.append(at)
                found.values.append(value)
    except OSError as error:
        raise NoSeries(file=path.name, reason=error.strerror or "it cannot be opened.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise NoSeries(file=path.name, reason="it is not CSV in UTF-8.") from error
    if not found.times:
        raise NoSeries(file=path.name, reason="it holds no row; write one `timestamp,value` a line")
    return found


def _rows(name: str, lines: Iterator[list[str]]) -> Iterator[tuple[str, float, float | None]]:
    columns, first = (0, 1), True
    for number, cells in enumerate(lines, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if first and _is_header(cells):
            columns, first = _columns(cells), False
            continue
        first = False
        yield _row(name, number, cells, columns)


def _is_header(cells: Sequence[str]) -> bool:
    return _seconds(cells[0].strip()) is None and not _is_value(cells[-1].strip())


def _is_value(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(names: Sequence[str]) -> tuple[int, int]:
    """Where time and value stand: by their names, else the first two columns."""
    lower = [name.strip().lower() for name in names]
    time = next((i for i, name in enumerate(lower) if name in TIME_NAMES), 0)
    value = lower.index("value") if "value" in lower else int(time == 0)
    return time, value


def _row(
    file: str, line: int, cells: Sequence[str], columns: tuple[int, int]
) -> tuple[str, float, float | None]:
    if len(cells) <= max(columns):
        raise BadSeries(file=file, line=line, reason="it needs a timestamp and a value.")
    at, text = cells[columns[0]].strip(), cells[columns[1]].strip()
    seconds = _seconds(at)
    if seconds is None:
        said = f"timestamp: {at[:40]!r} is neither ISO 8601 nor seconds since 1970."
        raise BadSeries(file=file, line=line, reason=said)
    if text.lower() in MISSING:
        return at, seconds, None
    if not _is_value(text) or not math.isfinite(float(text)):
        said = f"value: {text[:40]!r} is not a finite number; leave it empty where it is missing."
        raise BadSeries(file=file, line=line, reason=said)
    return at, seconds, float(text)


def _seconds(text: str) -> float | None:
    """Seconds since 1970; a time without a zone is UTC."""
    if _is_value(text):
        return float(text) if math.isfinite(float(text)) else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
