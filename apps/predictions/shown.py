"""What pages and the API show of rows, of what was set aside, and of an erasure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgpack
import orjson

from apps.core.errors import Invalid
from apps.predictions.models import Erasure, SetAside
from apps.predictions.rows import Row

MOST_PAIRS = 4
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the log's page."""

    row: Row

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.row.time, UTC)

    @property
    def inputs(self) -> str:
        return _brief(self.row.inputs)

    @property
    def outputs(self) -> str:
        return _brief(self.row.outputs)

    @property
    def truth(self) -> str:
        told = self.row.truth
        return _brief(told) if isinstance(told, dict) else _text(told)


def _brief(values: dict[str, Any]) -> str:
    pairs = [f"{name} {_text(value)}" for name, value in list(values.items())[:MOST_PAIRS]]
    more = len(values) - MOST_PAIRS
    return ", ".join(pairs) + (f" and {more} more" if more > 0 else "")


def _text(value: Any) -> str:
    if value is None:
        return "missing"
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:80]


def cursor_of(row: Row) -> str:
    """Where the next page begins."""
    return f"{row.time!r}:{row.key}"


def cursor(text: str) -> tuple[float, str] | None:
    """The time and id of such a place; nothing for no text. Refuses (`Invalid`) another text."""
    if not text:
        return None
    at, _, key = text.partition(":")
    try:
        seconds = float(at)
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid(field="before", reason="send next of the page before.") from error
    return seconds, key


def payload_of(row: SetAside) -> Any:
    """The record that was set aside, as far as JSON can say it."""
    told = msgpack.unpackb(row.payload, strict_map_key=False)
    return orjson.loads(orjson.dumps(told, default=_plain, option=orjson.OPT_NON_STR_KEYS))


def _plain(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def set_aside_text(row: SetAside) -> str:
    """The beginning of the record, for the page."""
    return orjson.dumps(payload_of(row)).decode(errors="replace")[:LONGEST_TEXT]


def lines_of_set_aside(rows: Iterable[SetAside]) -> Iterable[bytes]:
    """NDJSON: what was sent, and why it is not in the log."""
    for row in rows:
        told = {
            "set_aside": row.pk, "kind": row.kind, "at": row.at, "reason": row.reason,
            "record": payload_of(row),
        }  # fmt: skip
        yield orjson.dumps(told) + b"\n"


def certificate_of(row: Erasure) -> dict[str, Any]:
    """What was done for whom by whom, without the subject itself."""
    by = row.requested_by
    return {
        "erasure": row.pk,
        "project": row.project.slug,
        "deployment": row.deployment,
        "column": row.column,
        "subject_hmac_sha256": row.subject_digest,
        "state": row.state,
        "requested_at": row.requested_at,
        "requested_by": by.get_username() if by else None,
        "finished_at": row.finished_at,
        "predictions": row.predictions,
        "ground_truth": row.truths,
        "set_aside": row.set_aside,
        "parts": row.parts,
    }
