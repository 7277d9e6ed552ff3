"""Profiles of Python values, one column at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.profiling.profiles import (
    MOST_CATEGORIES,
    MOST_POINTS,
    OTHER,
    Profile,
    Type,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
else:
    np = late("numpy")


def profile(name: str, values: Sequence[Any], kind: Type | None = None) -> Profile:
    """Profile one column. Without `kind`, a column of numbers alone is numeric."""
    present = [value for value in values if not _missing(value)]
    kind = kind or _guess(present)
    missing = len(values) - len(present)
    if kind == Type.NUMERIC:
        numbers = _numbers(present)
        missing += len(present) - len(numbers)
        return Profile(name, kind, len(values), missing, points=_points(numbers))
    return Profile(name, kind, len(values), missing, counts=_counts(present))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _guess(present: Sequence[Any]) -> Type:
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in present)
    return Type.NUMERIC if present and numeric else Type.CATEGORICAL


def _numbers(present: Sequence[Any]) -> Floats:
    found = [float(v) for v in present if isinstance(v, int | float)]
    array = np.asarray(found, dtype=np.float64)
    return array[np.isfinite(array)]


def _points(numbers: Floats) -> list[float]:
    ordered = np.sort(numbers)
    if len(ordered) <= MOST_POINTS:
        return [float(value) for value in ordered]
    steps = (np.arange(MOST_POINTS) + 0.5) / MOST_POINTS
    return [float(v) for v in np.quantile(ordered, steps, method="inverted_cdf")]


def _counts(present: Iterable[Any]) -> dict[str, int]:
    counted = Counter(str(value)[:200] for value in present)
    kept = dict(counted.most_common(MOST_CATEGORIES))
    rest = counted.total() - sum(kept.values())
    return {**kept, OTHER: rest} if rest else kept
