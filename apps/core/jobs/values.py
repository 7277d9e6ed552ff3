"""What a job may keep: JSON and text that the database can store, of a bounded size."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from apps.core.errors import PortalError
from apps.core.logs import redact

MOST_BYTES = 256 * 1024
LONGEST_LINE = 10_000
MASK = "***"
_SECRET_NAME = re.compile(r"(?i)passw|secret|token|api_?key|credential|authorization")


class JobTooLarge(PortalError):
    code, status = "job_too_large", 413
    sentence = "The input of a job may take {most} bytes, this one takes {size}. Store it first."


def args(given: dict[str, Any]) -> dict[str, Any]:
    """The args as stored; a value that is no JSON is the caller's mistake and raises `TypeError`."""
    packed = json.dumps(_plain(given), ensure_ascii=False, allow_nan=False)
    if len(packed.encode()) > MOST_BYTES:
        raise JobTooLarge(most=MOST_BYTES, size=len(packed.encode()))
    kept: dict[str, Any] = json.loads(packed)
    return kept


def result(given: Any) -> Any:
    """What the work returned, as JSON; what is no JSON is kept as its text, what is huge not at all."""
    packed = json.dumps(_plain(given), ensure_ascii=False, default=_described, skipkeys=True)
    size = len(packed.encode())
    if size > MOST_BYTES:
        return {"left_out": f"The result takes {size} bytes; a job keeps {MOST_BYTES}."}
    return json.loads(packed)


def shown(given: Any, name: str = "") -> Any:
    """Args or a result as a page may show them: what looks like a secret is masked all the same."""
    if isinstance(given, dict):
        return {key: shown(value, name=str(key)) for key, value in given.items()}
    if isinstance(given, list):
        return [shown(value, name=name) for value in given]
    if _SECRET_NAME.search(name) and given not in (None, "", True, False):
        return MASK
    return redact(given) if isinstance(given, str) else given


def text(given: object, longest: int = LONGEST_LINE) -> str:
    """Text without secrets, and without the characters that PostgreSQL or UTF-8 refuse."""
    return redact(_clean(str(given)))[:longest]


def _clean(given: str) -> str:
    return given.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _described(given: object) -> str:
    return text(given, longest=500)


def _plain(given: Any) -> Any:
    """The same value with clean texts; numbers that JSON does not know become `None`."""
    if isinstance(given, str):
        return _clean(given)
    if isinstance(given, float) and not math.isfinite(given):
        return None
    if isinstance(given, dict):
        return {_plain(name): _plain(value) for name, value in given.items()}
    if isinstance(given, list | tuple):
        return [_plain(value) for value in given]
    return given
