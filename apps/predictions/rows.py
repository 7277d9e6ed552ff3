"""Rows of the prediction log: read from what clients send, without a database."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.predictions import inference
from apps.predictions.inference import Scalar as Scalar
from apps.predictions.inference import Unreadable as Unreadable

LONGEST_KEY = 80
LONGEST_NAME = 200
MOST_COLUMNS = 2000
LATEST = 32503680000  # the year 3000, in seconds
BAD_ID = f"id: a text of 1 to {LONGEST_KEY} characters"
BAD_TIME = "time: ISO 8601, or seconds since 1970"


@dataclass(frozen=True, slots=True)
class Row:
    """One prediction, or one ground truth. `time` is in seconds since 1970, UTC."""

    key: str
    time: float
    inputs: dict[str, Scalar] = field(default_factory=dict)
    outputs: dict[str, Scalar] = field(default_factory=dict)
    version: str = ""
    release: int | None = None
    truth: Scalar | dict[str, Scalar] = None
    # The answer of a release that gets copies of requests: nobody was given it.
    shadow: bool = False

    def packed(self) -> list[Any]:
        """The row as it is stored."""
        return [
            self.key, self.time, self.inputs, self.outputs, self.version, self.release, self.truth,
            self.shadow,
        ]  # fmt: skip


def unpacked(stored: list[Any]) -> Row:
    """The row as it was stored."""
    return Row(*stored)


def prediction(record: Any) -> Row:
    """A row from `{id, time, inputs, outputs, version?}`; `Unreadable` where it does not fit."""
    key, at = _key_and_time(record)
    inputs = _columns(record, "inputs")
    outputs = _columns(record, "outputs")
    return Row(key, at, inputs, outputs, version=str(record.get("version", ""))[:80])


def truth(record: Any) -> Row:
    """A row from `{id, time, truth}`; `Unreadable` where it does not fit.

    `truth` is a value, or an object of those fields that are known by now.
    """
    key, at = _key_and_time(record)
    if "truth" not in record:
        raise Unreadable("truth: it is missing")
    if isinstance(record["truth"], dict):
        return Row(key, at, truth=_columns(record, "truth"))
    return Row(key, at, truth=_scalar(record["truth"], "truth"))


def _key_and_time(record: Any) -> tuple[str, float]:
    if not isinstance(record, dict):
        raise Unreadable("record: it must be an object")
    key = record.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or "\x00" in key:
        raise Unreadable(BAD_ID)
    return key, seconds_of(record.get("time"))


def seconds_of(value: Any) -> float:
    """Seconds since 1970 of a time in either form; `Unreadable` where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST:
        return round(value * 1_000_000) / 1_000_000
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Unreadable(BAD_TIME) from error
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < LATEST:
        raise Unreadable(BAD_TIME)
    return seconds


def _columns(record: dict[str, Any], name: str) -> dict[str, Scalar]:
    values = record.get(name)
    if not isinstance(values, dict) or len(values) > MOST_COLUMNS:
        raise Unreadable(f"{name}: an object of at most {MOST_COLUMNS} columns")
    return {
        str(key)[:LONGEST_NAME]: _scalar(value, f"{name}.{key}") for key, value in values.items()
    }


def _scalar(value: Any, where: str) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise Unreadable(f"{where}: a number, a text, true, false or null")


def of_exchange(exchange: dict[str, Any]) -> Iterator[Row]:
    """The rows of one answered request, in the protocol that it was asked in."""
    if exchange.get("protocol") == "v2":
        asked, answered = inference.rows(exchange["asked"]), inference.rows(exchange["answered"])
    else:
        asked = list(_asked(exchange["asked"], exchange["content_type"]))
        answered = (
            _of_stream(exchange) if exchange.get("stream") else _answered(exchange["answered"])
        )
    if len(asked) != len(answered):
        raise Unreadable(f"{len(asked)} rows asked, {len(answered)} answered")
    for index, (inputs, outputs) in enumerate(zip(asked, answered, strict=True)):
        key = exchange["id"] if len(asked) == 1 else f"{exchange['id']}:{index}"
        yield Row(
            key, exchange["at"], inputs, outputs, exchange["version"], exchange["release"],
            shadow=exchange.get("shadow", False),
        )  # fmt: skip


def _of_stream(exchange: dict[str, Any]) -> list[dict[str, Scalar]]:
    """A stream of events answers one row; what it means is the client's business."""
    return [{"stream": exchange["answered"].decode(errors="replace")}]


def _asked(body: bytes, content_type: str) -> Iterable[dict[str, Scalar]]:
    if content_type.partition(";")[0].strip().lower() == "text/csv":
        return [
            {str(name): _number(value) for name, value in row.items()}
            for row in csv.DictReader(io.StringIO(body.decode()))
        ]
    sent = _json(body)
    if not isinstance(sent, dict):
        raise Unreadable("request: it is not an object")
    if "dataframe_split" in sent:
        split = sent["dataframe_split"]
        return [_named(split["columns"], values) for values in split["data"]]
    for form in ("dataframe_records", "instances", "inputs"):
        if form in sent:
            return _rows_of(sent[form])
    raise Unreadable("request: none of MLflow's input forms")


def _rows_of(value: Any) -> list[dict[str, Scalar]]:
    """Rows from a list of records, a list of lists, or an object of columns."""
    if isinstance(value, dict):
        columns = {name: v if isinstance(v, list) else [v] for name, v in value.items()}
        return [_named(list(columns), values) for values in zip(*columns.values(), strict=True)]
    return [_row_of(item) for item in value]


def _row_of(item: Any) -> dict[str, Scalar]:
    if isinstance(item, dict):
        return {str(name): _flat(value) for name, value in item.items()}
    values = item if isinstance(item, list) else [item]
    return _named([str(index) for index in range(len(values))], values)


def _named(names: list[Any], values: Iterable[Any]) -> dict[str, Scalar]:
    return {str(n): _flat(value) for n, value in zip(names, values, strict=True)}


def _answered(body: bytes) -> list[dict[str, Scalar]]:
    answer = _json(body)
    found = answer.get("predictions") if isinstance(answer, dict) else None
    if isinstance(found, dict):
        return _rows_of(found)
    if not isinstance(found, list):
        raise Unreadable("answer: it has no predictions")
    return [
        row if isinstance(item, dict) else {"prediction": _flat(item)}
        for item, row in ((item, _row_of(item)) for item in found)
    ]


def _flat(value: Any) -> Scalar:
    """A scalar as it is; anything nested as its JSON."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return orjson.dumps(value).decode()


def _number(text: str | None) -> Scalar:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable("it is not JSON") from error
