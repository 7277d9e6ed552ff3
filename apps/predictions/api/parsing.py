"""The four formats of predictions: the body is read as it stands, by the log's own reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from apps.predictions import bodies
from apps.predictions.bodies import MOST_BYTES, TooLarge


class _RawParser(BaseParser):
    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise TooLarge(most=MOST_BYTES, unit="bytes")
        return body


class RawJSONParser(_RawParser):
    media_type = bodies.JSON


class NdjsonParser(_RawParser):
    media_type = bodies.NDJSON


class ArrowParser(_RawParser):
    media_type = bodies.ARROW


class ParquetParser(_RawParser):
    media_type = bodies.PARQUET
