"""Small pictures that the server draws: icons, sparklines, split bars. No inline styles, so the policy stays strict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.ui import numbers

WIDTH, HEIGHT, MARGIN = 120, 24, 2


def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """An icon of the sprite; with a label it speaks, without one it is decoration."""
    url = static("ui/icons.svg")
    css = f"icon {extra}".rstrip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            css,
            label,
            url,
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, url, name
    )


@dataclass(frozen=True)
class Spark:
    """A sparkline ready to be drawn; a gap in the values is a gap in the line."""

    lines: tuple[str, ...]
    area: str
    limit: float | None
    says: str


def spark(values: Iterable[float | None], unit: str = "", limit: float | None = None) -> Spark:
    """Scale values into the picture and say in words what it shows."""
    given = [value if value is not None and isfinite(value) else None for value in values]
    known = [value for value in given if value is not None]
    if len(known) < 2:
        return Spark((), "", None, "too few values to draw")
    low, high = min(known), max(known)
    if limit is not None:
        low, high = min(low, limit), max(high, limit)
    runs = _runs([_place(index, value, len(given), low, high) for index, value in enumerate(given)])
    lines = tuple(" ".join(f"{x:.1f},{y:.1f}" for x, y in run) for run in runs)
    end = f" {unit}" if unit else ""
    says = (
        f"{len(known)} values from {numbers.compact(min(known))} to {numbers.compact(max(known))}"
        f"{end}, last {numbers.compact(known[-1])}{end}"
    )
    return Spark(lines, _area(runs), None if limit is None else _height(limit, low, high), says)


def _place(
    index: int, value: float | None, count: int, low: float, high: float
) -> tuple[float, float] | None:
    if value is None:
        return None
    return index * WIDTH / max(1, count - 1), _height(value, low, high)


def _height(value: float, low: float, high: float) -> float:
    if high == low:
        return HEIGHT / 2
    return round(HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN), 1)


def _runs(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is not None:
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _area(runs: list[list[tuple[float, float]]]) -> str:
    if len(runs) != 1:
        return ""
    line = " ".join(f"L{x:.1f} {y:.1f}" for x, y in runs[0])
    return f"M{runs[0][0][0]:.1f} {HEIGHT} {line} L{runs[0][-1][0]:.1f} {HEIGHT}Z"


@dataclass(frozen=True)
class Share:
    """One part of a split bar, placed in percent of its width."""

    label: str
    percent: str
    start: float
    width: float
    series: int
    url: str


def shares(parts: Iterable[Any]) -> list[Share]:
    """Lay out `(label, amount)` or `(label, amount, url)` side by side."""
    given = [(str(part[0]), float(part[1]), str(part[2]) if part[2:] else "") for part in parts]
    total = sum(part[1] for part in given) or 1.0
    placed, start = [], 0.0
    for index, (label, amount, url) in enumerate(given):
        width = amount / total * 100
        placed.append(
            Share(
                label=label,
                percent=numbers.percent(amount / total),
                start=round(start, 3),
                width=round(width, 3),
                series=index % 6 + 1,
                url=url,
            )
        )
        start += width
    return placed


@dataclass(frozen=True)
class Cell:
    """One cell of a heat map: how strong, what it says, where it leads."""

    level: str
    text: str
    says: str
    url: str = ""


def heat(value: float | None, top: float, says: str = "", text: str = "", url: str = "") -> Cell:
    """Place a value on the six steps between nothing and `top`; `None` is hatched, not zero."""
    if value is None:
        return Cell("none", text, says or "no data", url)
    step = 0 if top <= 0 else min(5, max(0, round(value / top * 5)))
    return Cell(str(step), text, says or numbers.compact(value), url)
