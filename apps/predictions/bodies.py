"""What clients send, in four formats, as records or as columns: `{deployment, records}`, NDJSON, Arrow, Parquet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from apps.core.errors import Invalid, PortalError
from apps.core.late import late
from apps.predictions.columns import Table

pa, pq = late("pyarrow"), late("pyarrow.parquet")

JSON, NDJSON = "application/json", "application/x-ndjson"
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
TABLES = (NDJSON, ARROW, PARQUET)
MOST_BYTES = 32 * 1024 * 1024
MOST_RECORDS = 10_000
MOST_ROWS = 500_000

Records = Sequence[Any]


class TooLarge(PortalError):
    code, status = "body_too_large", 413
    sentence = "body: at most {most} {unit}. Send it in parts."


class UnknownFormat(PortalError):
    code, status = "unsupported_media_type", 415
    sentence = f"Content-Type: one of {JSON}, {NDJSON}, {ARROW}, {PARQUET}."


@dataclass(frozen=True, slots=True)
class Sent:
    """A body: to which deployment, and its records or its table."""

    deployment: str
    records: Records | None = None
    table: Table = None


def read(body: bytes, content_type: str, deployment: str) -> Sent:
    """Read a body; `deployment` is the one that the address names. Refusals name what would do."""
    if len(body) > MOST_BYTES:
        raise TooLarge(most=MOST_BYTES, unit="bytes")
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("", JSON):
        return _json(body)
    if kind not in TABLES:
        raise UnknownFormat
    if not deployment:
        raise Invalid(field="deployment", reason="name it in the address: ?deployment=…")
    if kind == NDJSON:
        return Sent(deployment, _bounded(_lines(body), MOST_ROWS))
    table = _arrow(body) if kind == ARROW else _parquet(body)
    if table.num_rows > MOST_ROWS:
        raise TooLarge(most=MOST_ROWS, unit="rows")
    return Sent(deployment, table=table)


def _json(body: bytes) -> Sent:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(field="body", reason=f"it is not JSON: {error}.") from error
    if not isinstance(told, dict) or not isinstance(told.get("deployment"), str):
        raise Invalid(field="deployment", reason="the deployment's name, a text.")
    if not isinstance(told.get("records"), list) or not told["records"]:
        raise Invalid(field="records", reason=f"a list of 1 to {MOST_RECORDS} objects.")
    return Sent(told["deployment"], _bounded(told["records"], MOST_RECORDS))


def _bounded(records: Records, most: int) -> Records:
    if len(records) > most:
        raise TooLarge(most=most, unit="records")
    return records


def _lines(body: bytes) -> list[Any]:
    """A record for each line that is not empty; what is no JSON stays bytes, and is set aside as such."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    try:
        found = orjson.loads(b"[" + b",".join(lines) + b"]")
    except orjson.JSONDecodeError:
        return [_line(line) for line in lines]
    return found if len(found) == len(lines) else [_line(line) for line in lines]


def _line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return line


def _arrow(body: bytes) -> Table:
    try:
        with pa.ipc.open_stream(body) as reader:
            found = reader.read_all()
        found.validate(full=True)
    except (pa.ArrowException, OSError, EOFError, ValueError, IndexError) as error:
        raise Invalid(field="body", reason=f"it is no Arrow stream: {_first(error)}") from error
    return found


def _parquet(body: bytes) -> Table:
    try:
        stored = pq.ParquetFile(io.BytesIO(body))
        if stored.metadata.num_rows > MOST_ROWS:
            raise TooLarge(most=MOST_ROWS, unit="rows")
        return stored.read()
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise Invalid(field="body", reason=f"it is no Parquet: {_first(error)}") from error


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
