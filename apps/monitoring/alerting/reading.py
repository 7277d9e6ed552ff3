"""Alerts as Alertmanager's API takes them, read and checked at the pace at which they come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from apps.core.errors import Invalid
from apps.monitoring.alerting.labels import NAME, fingerprint, packed, severity_of

LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
MOST_LABELS, LONGEST_LABELS, LONGEST_ANNOTATIONS = 64, 8_000, 16_000
MOST_IN_ONE = 10_000  # alerts of one request
RESOLVE_AFTER = 300.0  # seconds, where the sender names no end: Alertmanager's `resolve_timeout`
MOST_NAMES = 10_000
# Label names that were found good; the names of a sender's labels are always the same few.
_good: set[str] = set()


@dataclass(slots=True)
class Told:
    """One alert as somebody told it; times in seconds since 1970."""

    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: float
    ends_at: float
    url: str

    @property
    def name(self) -> str:
        return (self.labels.get(NAME) or "alert")[:200]

    @property
    def summary(self) -> str:
        """What it says of itself."""
        said = self.annotations.get("summary") or self.annotations.get("description")
        return (said or self.name)[:500]

    @property
    def severity(self) -> str:
        return severity_of(self.labels)


def read(body: bytes, now: float) -> tuple[list[Told], list[str]]:
    """The alerts of a request, and what is wrong with those that cannot be kept."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(field="body", reason=f"send JSON ({error})") from error
    return read_list(given, now)


def read_list(given: Any, now: float) -> tuple[list[Told], list[str]]:
    """The same of a list that is parsed already."""
    if not isinstance(given, list) or len(given) > MOST_IN_ONE:
        raise Invalid(field="body", reason=f"send a list of at most {MOST_IN_ONE} alerts")
    told, wrong = [], []
    for number, each in enumerate(given):
        try:
            told.append(_one(each, now))
        except (ValueError, TypeError) as error:
            wrong.append(f"alert {number}: {error}")
    return told, wrong


def _one(given: Any, now: float) -> Told:
    if type(given) is not dict:
        raise TypeError("it is no object")
    labels = _labels(given.get("labels"))
    line = packed(labels)
    if len(line) > LONGEST_LABELS:
        raise ValueError(f"labels: at most {LONGEST_LABELS} bytes")
    if b"\\u0000" in line:
        raise ValueError("labels: the character U+0000 cannot be kept")
    starts, ends = given.get("startsAt"), given.get("endsAt")
    begun, over = _time(starts, "startsAt"), _time(ends, "endsAt")
    if begun is not None and over is not None and over < begun:
        raise ValueError("start time must be before end time")
    if begun is None:
        begun = now if over is None or over > now else over
    url = given.get("generatorURL") or ""
    if type(url) is not str or "\x00" in url:
        raise TypeError("generatorURL: send a text")
    return Told(
        fingerprint(line),
        labels,
        _annotations(given.get("annotations")),
        begun,
        over if over is not None else now + RESOLVE_AFTER,
        url[:2000],
    )


def _labels(given: Any) -> dict[str, str]:
    if type(given) is not dict:
        raise TypeError("labels: send an object of texts")
    if not _good.issuperset(given):
        for name in given:
            _check_name(name)
    for value in given.values():
        if type(value) is not str:
            raise TypeError("labels: send texts")
    if "" in given.values():  # an empty label is no label
        given = {name: value for name, value in given.items() if value}
    if not 0 < len(given) <= MOST_LABELS:
        raise ValueError(f"at least one label pair required, and at most {MOST_LABELS}")
    return given  # type: ignore[no-any-return]  # as it was checked above


def _check_name(name: str) -> None:
    if name in _good:
        return
    if LABEL.match(name) is None or len(name) > 200:
        raise ValueError(f"invalid label name {name[:60]!r}")
    if len(_good) < MOST_NAMES:
        _good.add(name)


def _annotations(given: Any) -> dict[str, str]:
    if not given:
        return {}
    if type(given) is not dict:
        raise TypeError("annotations: send an object of texts")
    size = 0
    for name, value in given.items():
        if type(value) is not str or "\x00" in value or "\x00" in name:
            raise TypeError("annotations: send texts")
        size += len(name) + len(value)
    if size > LONGEST_ANNOTATIONS:
        raise ValueError(f"annotations: at most {LONGEST_ANNOTATIONS} characters")
    return given


def _time(given: Any, field: str) -> float | None:
    """Seconds since 1970; `None` for no time and for Go's zero time."""
    if not given:
        return None
    if type(given) is not str:
        raise TypeError(f"{field}: send a time such as 2026-11-27T10:00:00Z")
    if given.startswith("0001-01-01"):
        return None
    try:
        seconds = _seconds(given)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{field}: send a time such as 2026-11-27T10:00:00Z") from error
    if not 0 <= seconds < 64_000_000_000:  # the year 3998
        raise ValueError(f"{field}: send a time after 1970")
    return seconds


@lru_cache(maxsize=1000)  # the alerts of one request mostly share their times
def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.timestamp()


def of_webhook(payload: Mapping[str, Any], now: float) -> tuple[list[Told], list[str]]:
    """The alerts of a message of Alertmanager's webhook receiver, version 4.

    Its resolved alerts carry the end; of those that fire only a word that they ended will tell, so they
    are kept until it comes.
    """
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        raise Invalid(field="alerts", reason="send the message of Alertmanager's webhook receiver")
    given = [_unended(each, now) if isinstance(each, dict) else each for each in alerts]
    return read_list(given, now)


def _unended(alert: Mapping[str, Any], now: float) -> dict[str, Any]:
    if alert.get("status") == "resolved":
        return dict(alert)
    ends = datetime.fromtimestamp(now + 7 * 86_400, UTC)
    return {**alert, "endsAt": ends.isoformat()}
