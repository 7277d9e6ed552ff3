"""Metrics by slice: from the names of a run's metrics, and from a file that the run left."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from apps.core.errors import Invalid

# MLflow's clients may use no brackets in names, other writers may: both spellings are read.
NAMED = re.compile(r"^(?P<metric>[^\[\]]+)\[(?P<slice>[^\[\]]+)\]$")
SLASHED = re.compile(r"^(?P<metric>.+)/(?P<slice>[^/:]+:[^/:]+)$")
FILE = "slices.json"
MOST = 1000  # slices of one version


@dataclass(frozen=True, slots=True)
class Slice:
    """One metric on one part of the data, beside the whole where that is known."""

    metric: str
    part: str
    value: float
    whole: float | None = None
    rows: int | None = None

    @property
    def gap(self) -> float | None:
        return None if self.whole is None else self.value - self.whole


def of_metrics(metrics: dict[str, Any]) -> list[Slice]:
    """The slices among a run's metrics: `accuracy[region=eu]` or `accuracy/region:eu`."""
    found = []
    for name, value in sorted(metrics.items()):
        named = NAMED.match(name) or SLASHED.match(name)
        if named and _is_number(value):
            part = named["slice"].replace(":", "=", 1)
            found.append(Slice(named["metric"], part, value, _whole(metrics, named["metric"])))
    return found


def plain(metrics: dict[str, Any]) -> dict[str, Any]:
    """The metrics that stand for all of the data."""
    return {
        name: value
        for name, value in sorted(metrics.items())
        if not NAMED.match(name) and not SLASHED.match(name)
    }


def of_rows(rows: Iterable[dict[str, Any]], metrics: dict[str, Any]) -> list[Slice]:
    """The slices of a report that was read before."""
    return [
        Slice(
            each["metric"],
            each["slice"],
            each["value"],
            _whole(metrics, each["metric"]),
            each.get("rows"),
        )
        for each in rows
    ]


def read_file(content: bytes) -> list[dict[str, Any]]:
    """A run's `slices.json`: a list of `{metric, slice, value, rows}`, or `{metric: {slice: value}}`."""
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Invalid(field=FILE, reason="it is no JSON") from error
    rows = list(_nested(given)) if isinstance(given, dict) else given
    if not isinstance(rows, list):
        raise Invalid(field=FILE, reason="it must be a list or an object")
    return [_row(each) for each in rows[:MOST]]


def merged(*lists: list[Slice]) -> list[Slice]:
    """Every slice once, by metric and part; the later list wins."""
    known = {(each.metric, each.part): each for found in lists for each in found}
    return [known[key] for key in sorted(known)]


def weakest(found: Iterable[Slice]) -> list[Slice]:
    """For each metric the slice that lies furthest from the whole."""
    worst: dict[str, Slice] = {}
    for each in found:
        gap = abs(each.gap) if each.gap is not None else 0.0
        before = worst.get(each.metric)
        if gap > 0 and (before is None or gap > abs(before.gap or 0.0)):
            worst[each.metric] = each
    return [worst[metric] for metric in sorted(worst)]


def _nested(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for metric, parts in given.items():
        if not isinstance(parts, dict):
            raise Invalid(field=FILE, reason=f"{metric} must be an object of slice and value")
        for part, value in parts.items():
            yield {"metric": metric, "slice": part, "value": value}


def _row(each: Any) -> dict[str, Any]:
    if not isinstance(each, dict) or not _is_number(each.get("value")):
        raise Invalid(field=FILE, reason="each entry needs a metric, a slice and a finite value")
    rows = each.get("rows")
    return {
        "metric": str(each.get("metric", ""))[:250],
        "slice": str(each.get("slice", ""))[:250],
        "value": each["value"],
        "rows": rows if isinstance(rows, int) and not isinstance(rows, bool) else None,
    }


def _whole(metrics: dict[str, Any], name: str) -> float | None:
    value = metrics.get(name)
    return value if _is_number(value) else None


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and math.isfinite(value)
