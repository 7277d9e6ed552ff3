"""What a request body may be: JSON that the database can hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from apps.core.errors import PortalError

DEEPEST = 64
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class BodyTooLarge(PortalError):
    code, status = "body_too_large", 413
    sentence = "The body is larger than {most} bytes. Send it in parts."


class StrictJSONParser(JSONParser):
    """Bounded, not nested too deep, and without characters that PostgreSQL cannot store."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = _read(stream)
        if _depth(raw) > DEEPEST:
            raise ParseError(f"The body is nested deeper than {DEEPEST} levels.")
        try:
            data = json.loads(raw.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        if _SUSPECT.search(raw):
            _refuse_unstorable(data)
        return data


def _read(stream: IO[Any]) -> bytes:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw: bytes = stream.read(most + 1)
    if len(raw) > most:
        raise BodyTooLarge(most=most)
    return raw


def _depth(raw: bytes) -> int:
    """How deep it is nested; brackets inside strings do not count."""
    most = raw.count(b"[") + raw.count(b"{")
    if most <= DEEPEST:
        return most
    brackets = _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS)
    return max(accumulate(_STEPS[each] for each in brackets), default=0)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_unstorable(data: Any) -> None:
    for path, text in _texts(data):
        if _UNSTORABLE.search(text):
            raise ParseError(
                f"{path or 'body'}: NUL and unpaired surrogate characters cannot be stored."
            )


def _texts(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of the body with its place, keys too."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(data, dict):
        for key, item in data.items():
            yield path, key
            yield from _texts(item, f"{path}.{key}".lstrip("."))
