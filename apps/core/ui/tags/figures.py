"""Figures and the pictures of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from apps.core.ui import charts, numbers, pictures
from apps.core.ui.blocks import Values, fresh_id

register = template.Library()


@register.inclusion_tag("ui/stat.html")
def stat(
    label: str,
    value: object,
    unit: str = "",
    hint: str = "",
    delta: str = "",
    direction: str = "",
    tone: str = "",
    url: str = "",
    trend: Iterable[float | None] | None = None,
    unknown_since: datetime | None = None,
) -> Values:
    """A figure with its unit; `trend` draws where it comes from, `unknown_since` says that it is old."""
    shown = numbers.compact(value) if isinstance(value, int | float) else value
    return {
        "label": label,
        "value": shown,
        "unit": unit,
        "hint": hint,
        "delta": delta,
        "direction": direction,
        "tone": tone or "idle",
        "url": url,
        "trend": None if trend is None else list(trend),
        "unknown_since": unknown_since,
    }


@register.inclusion_tag("ui/sparkline.html")
def sparkline(
    values: Iterable[float | None],
    label: str = "",
    unit: str = "",
    tone: str = "",
    limit: float | None = None,
) -> Values:
    return {"spark": pictures.spark(values, unit, limit), "label": label, "tone": tone}


@register.inclusion_tag("ui/split.html")
def split(parts: Iterable[Any], label: str = "") -> Values:
    """Shares of a whole, such as traffic by version: `(label, amount)` or `(label, amount, url)`."""
    return {"shares": pictures.shares(parts), "label": label}


@register.inclusion_tag("ui/heatmap.html")
def heatmap(
    columns: Sequence[str], rows: Iterable[tuple[str, Sequence[pictures.Cell]]], label: str
) -> Values:
    """Rows of `pictures.heat(…)` cells under their columns."""
    return {"columns": columns, "rows": rows, "label": label, "steps": range(6)}


@register.inclusion_tag("ui/progress.html")
def progress(
    value: float | None, max: float = 100, label: str = "", note: str = "", tone: str = "busy"
) -> Values:
    """How far something is and what it waits for; no value means that the length is not known."""
    share = None if value is None or not max else value / max
    return {
        "value": value,
        "max": max,
        "label": label,
        "note": note,
        "tone": tone,
        "share": numbers.percent(share) if share is not None else "",
    }


@register.inclusion_tag("ui/skeleton.html")
def skeleton(waiting_for: str, rows: int = 3, kind: str = "lines") -> Values:
    return {"waiting_for": waiting_for, "rows": range(rows), "kind": kind}


@register.inclusion_tag("ui/chart.html")
def chart(chart: charts.Chart, height: str = "", level: int = 3) -> Values:
    """A `charts.Chart`; `height` is short or tall where 200 px are wrong."""
    values = {"chart": chart, "height": height, "level": level, "id": fresh_id("chart")}
    if chart.empty:
        return values
    thinned = chart.thinned()
    return {
        **values,
        "drawing": charts.draw(thinned),
        "rows": charts.table(chart),
        "data": _script((thinned if chart.source else chart).data()),
    }


def _script(data: Values) -> SafeString:
    """JSON that cannot end its own script element."""
    packed = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        packed = packed.replace(character, f"\\u{ord(character):04x}")
    return mark_safe(packed)  # noqa: S308 - escaped just above


@register.filter
def local_iso(moment: datetime) -> str:
    """A moment in the viewer's zone for a cell of a table."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
