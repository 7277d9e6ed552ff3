"""What a column is asked: questions of one row each, whose mean may differ between the windows.

Each is a function of the pooled rows alone, never of which window a row is from; so under "no
drift" every division of the rows into two windows is as likely as the one seen, and a permutation
test over them is exact (Pitman 1937; Hothorn et al. 2006, conditional inference by linear
statistics).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.profiling.profiles import Type
from apps.monitoring.verdicts.pooled import Pooled, midranks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[Any]  # of figures or of marks
else:
    np = late("numpy")

CUTS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
MOST_MASSES = 6  # values of a numeric column that have a question of their own
MOST_CATEGORIES = 40
MOST_DECIMALS = 8


@dataclass(frozen=True, slots=True)
class Feature:
    """One question: `scores` has a figure for each pooled row."""

    column: int
    method: str
    scores: Floats
    family: str = "column"


def of_column(index: int, column: Pooled) -> list[Feature]:
    """The questions of one column; none where every row gives the same answer."""
    asked = _numeric(column) if column.numeric else _categorical(column)
    found: dict[bytes, Feature] = {}
    for method, scores in [*asked, *column.more]:
        if scores.min() == scores.max():
            continue
        key = np.packbits(scores > scores.min()).tobytes() if _binary(scores) else scores.tobytes()
        found.setdefault(key, Feature(index, method, scores))
    return list(found.values())


def _binary(scores: Floats) -> bool:
    return scores.dtype == bool


def _numeric(column: Pooled) -> Iterator[tuple[str, Floats]]:
    values, missing = column.values, column.missing
    yield "share of missing values", missing
    if missing.all():
        return
    ranks = midranks(values)
    yield "rank sum (Wilcoxon 1945)", np.where(missing, 0, ranks - 0.5)
    spread = (ranks - 0.5) ** 2
    yield "spread of ranks (Mood 1954)", np.where(missing, spread[~missing].mean(), spread)
    present = values[~missing]
    for cut in np.unique(np.quantile(present, CUTS, method="inverted_cdf")):
        yield f"share at most {cut:.6g}", values <= cut
    yield "share of infinite values", np.isinf(values)
    if column.type == Type.NUMERIC:
        yield from _masses(values, present)
        yield from _grid(values, ~np.isfinite(values))


def _masses(values: Floats, present: Floats) -> Iterator[tuple[str, Floats]]:
    known, counts = np.unique(present, return_counts=True)
    yield "share of repeated values", np.isin(values, known[counts > 1])
    ends = [known[0], known[-1]]
    common = known[np.argsort(-counts, kind="stable")[:MOST_MASSES]]
    for value in np.unique(np.concatenate([ends, common])):
        yield f"share of the value {value:.6g}", values == value


def _grid(values: Floats, missing: Floats) -> Iterator[tuple[str, Floats]]:
    """How finely values are told: a change of unit, rounding or source shows here first."""
    decimals = _decimals(np.where(missing, 0.0, values))
    for least in np.unique(decimals[~missing])[1:]:  # none where nothing is finite
        yield f"share with {least} decimals or more", (decimals >= least) & ~missing


def _decimals(values: Floats) -> Floats:
    found = np.full(len(values), MOST_DECIMALS)
    values = np.clip(values, -1e150, 1e150)
    for places in range(MOST_DECIMALS - 1, -1, -1):
        scaled = values * 10.0**places
        whole = np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(1.0, np.abs(scaled))
        found[whole] = places
    return found


def _categorical(column: Pooled) -> Iterator[tuple[str, Floats]]:
    codes = column.values.astype(np.int64)
    yield "share of missing values", codes < 0
    counts = np.bincount(codes[codes >= 0], minlength=len(column.names))
    common = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    for code in common[counts[common] > 1]:
        yield f"share of {column.names[code]}"[:120], codes == code
    yield "share of values seen once", np.isin(codes, np.flatnonzero(counts == 1))
    if (
        len(column.names) > MOST_CATEGORIES
    ):  # too many to ask each: where they stand in the alphabet
        names = np.asarray(column.names)
        places, known = np.empty(len(names)), codes >= 0
        places[np.argsort(names, kind="stable")] = np.arange(len(names))
        for method, figures in (
            ("order of the names", places),
            ("length of the names", np.char.str_len(names).astype(np.float64)),
        ):
            yield method, midranks(np.where(known, figures[codes], np.nan)) - 0.5
