"""Numbers short enough to compare at a glance."""

from __future__ import annotations

from math import isfinite

_STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def compact(value: float | None) -> str:
    """1234567 → "1.23 M"; small numbers keep three significant digits."""
    if value is None or not isfinite(value):
        return "–"
    for size, letter in _STEPS:
        if abs(value) >= size:
            return f"{_three(value / size)} {letter}"
    return _three(value)


def size(value: float | None) -> str:
    """A number of bytes."""
    if value is None:
        return "–"
    for step, name in _BYTES:
        if abs(value) >= step:
            return f"{_three(value / step)} {name}"
    return f"{value:.0f} B"


def percent(value: float | None) -> str:
    """A share of one: 0.1432 → "14.3 %"."""
    return "–" if value is None else f"{_three(value * 100)} %"


def measured(value: float | str | None) -> str:
    """A metric's value to six digits: 0.8713249 → "0.871325"; what is no number says so itself."""
    return f"{value:.6g}" if isinstance(value, int | float) else str(value or "–")


def _three(value: float) -> str:
    if value == int(value) and abs(value) < 10_000:
        return str(int(value))
    if abs(value) < 0.001:
        return f"{value:.2g}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
