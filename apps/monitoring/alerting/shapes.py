"""Alerts and silences as Alertmanager's API, version 2, shows them.

Source: `api/v2/openapi.yaml` of github.com/prometheus/alertmanager.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.core.errors import Invalid
from apps.monitoring.alerting import labels, windows, wording
from apps.monitoring.alerting.matchers import Matcher, unpacked
from apps.monitoring.models import Alert, Silence

GONE_ON = timedelta(minutes=5)  # what names no end itself is shown to end so much later


def stamp(moment: datetime) -> str:
    """A moment as Alertmanager writes it, with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def alert(row: Alert, silenced_by: Sequence[Silence] = ()) -> dict[str, Any]:
    """A `gettableAlert`."""
    seen = _texts(row.labels) or labels.shown(row)
    ids = [silence_id(silence) for silence in silenced_by]
    return {
        "annotations": {"summary": row.summary, **_texts(row.annotations)},
        "endsAt": stamp(row.resolved_at or row.ends_at or row.seen_at + GONE_ON),
        "fingerprint": labels.alertmanagers_fingerprint(seen),
        "receivers": [{"name": "signalbox"}],
        "startsAt": stamp(row.fired_at),
        "status": {
            "inhibitedBy": [],
            "silencedBy": ids,
            "state": "suppressed" if row.silenced else "active" if row.settled else "unprocessed",
        },
        "updatedAt": stamp(row.seen_at),
        "generatorURL": row.url or wording.address(row),
        "labels": seen,
    }


def silence(row: Silence) -> dict[str, Any]:
    """A `gettableSilence`; one that repeats is shown with its first stretch."""
    return {
        "id": silence_id(row),
        "status": {"state": windows.state(row, timezone.now())},
        "updatedAt": stamp(row.ended_at or row.created_at),
        "comment": row.comment,
        "createdBy": row.created_by.username,
        "endsAt": stamp(row.ended_at or row.ends_at),
        "startsAt": stamp(row.starts_at),
        "matchers": [
            {
                "name": matcher.name,
                "value": matcher.value,
                "isRegex": matcher.is_regex,
                "isEqual": matcher.is_equal,
            }
            for matcher in unpacked(row.matchers)
        ],
    }


def silence_id(row: Silence) -> str:
    """The silence's number as the UUID that Alertmanager's clients expect."""
    return str(UUID(int=row.pk))


def number_of(silence_id: str) -> int:
    """The number behind such a UUID; 0 where it is none of ours."""
    try:
        number = UUID(silence_id).int
    except ValueError:
        return 0
    return number if number < 2**63 else 0


def posted_matchers(given: Any) -> list[Matcher]:
    """The matchers of a `postableSilence`."""
    if not isinstance(given, list):
        raise Invalid(field="matchers", reason="send a list")
    return [_matcher(one) for one in given]


def _matcher(given: Any) -> Matcher:
    if not isinstance(given, dict):
        raise Invalid(field="matchers", reason="send objects with name, value and isRegex")
    name, value = given.get("name"), given.get("value")
    is_regex, is_equal = given.get("isRegex", False), given.get("isEqual", True)
    whole = isinstance(name, str) and isinstance(value, str)
    if not whole or not isinstance(is_regex, bool) or not isinstance(is_equal, bool):
        raise Invalid(
            field="matchers", reason="name and value are texts, isRegex and isEqual booleans"
        )
    return Matcher(str(name), str(value), is_regex, is_equal)


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()}
