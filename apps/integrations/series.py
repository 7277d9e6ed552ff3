"""What every source of metrics shares: one series, in order, of finite numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from apps.core.errors import PortalError
from apps.core.http import BadAnswer
from apps.integrations.ports import Sample

LONGEST_QUERY = 10_000
LATEST = 253_402_300_799  # the end of the year 9999
MOST_POINTS = 11_000  # what Prometheus answers at most


class QueryRefused(PortalError):
    code, status = "query_refused", 400
    sentence = "query: {service} refuses it: {reason}"


class SeveralSeries(PortalError):
    code, status = "several_series", 400
    sentence = "query: {service} answers {count} series; gather them into one, such as by {how}."


class BadStretch(PortalError):
    code, status = "bad_stretch", 400
    sentence = "since, until, step: {reason}"


def checked(query: str, since: datetime, until: datetime, step: timedelta) -> str:
    """The query without spaces around it; refuses what no source could answer."""
    if not (text := query.strip()) or len(text) > LONGEST_QUERY:
        raise QueryRefused(service="The portal", reason=f"it needs 1 to {LONGEST_QUERY} letters.")
    if since.tzinfo is None or until.tzinfo is None:
        raise BadStretch(reason="both moments need a time zone.")
    if until <= since or step < timedelta(seconds=1):
        raise BadStretch(reason="until must be later than since, and step a second or more.")
    if (until - since) / step > MOST_POINTS:
        raise BadStretch(reason=f"at most {MOST_POINTS} points; take a longer step.")
    return text


def samples(points: Iterable[tuple[float, float | None]]) -> list[Sample]:
    """Seconds and values as samples, oldest first; gaps and what is no finite number are left out."""
    found = [
        (at, value)
        for at, value in points
        if value is not None and math.isfinite(value) and 0 <= at <= LATEST
    ]
    return [Sample(datetime.fromtimestamp(at, UTC), value) for at, value in sorted(found)]


def pairs(service: str, found: object) -> list[tuple[float, float | None]]:
    """A list of `[time, value]` as numbers; a source may write them as text, a missing one as null."""
    if found is None:
        return []
    try:
        return [
            (float(at), None if value is None else float(value))
            for at, value in found  # type: ignore[attr-defined]
        ]
    except (TypeError, ValueError) as error:
        raise BadAnswer(service=service, reason="its points are no pairs of numbers") from error


def binned(found: Iterable[Sample], since: datetime, step: timedelta) -> list[Sample]:
    """One sample for each step that holds any: their mean, at the step's begin."""
    bins: dict[int, list[float]] = defaultdict(list)
    for one in found:
        bins[(one.at - since) // step].append(one.value)
    return [
        Sample(since + place * step, sum(values) / len(values))
        for place, values in sorted(bins.items())
    ]


def stretches(
    since: datetime, until: datetime, length: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """The time cut into pieces of at most so long."""
    while since < until:
        end = min(since + length, until)
        yield since, end
        since = end
