"""What columns are asked together: whether one still follows from the others, and the target too.

Each column's rank is fitted to all the others' over both windows (ridge regression, Hoerl and
Kennard 1970); a row is asked how far off the fit is. A broken correlation makes it worse in one
window though every column alone looks the same. The target is fitted likewise; its residual,
alone and times each feature's rank, is the score test for a changed relation (Rao 1948).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.verdicts.features import Feature
from apps.monitoring.verdicts.pooled import Pooled, midranks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[Any]
else:
    np = late("numpy")

RIDGE = 1e-3  # of the rows
MOST_LEVELS = 4  # categories of a column that take part
MOST_CLASSES = 8
MOST_COLUMNS = 60
MOST_PAIRS = 500


def of_columns(pooled: Sequence[Pooled], target: int | None) -> list[Feature]:
    """The joint questions, then those about the target."""
    scores = [(at, block) for at, column in enumerate(pooled) if (block := _scores(column)).size]
    scores = [each for each in scores if each[0] == target] + [
        each for each in scores if each[0] != target
    ][:MOST_COLUMNS]
    asked = [*_off(scores), *_pairs(scores)] if len(scores) > 1 else []
    if target is not None:
        features = [(at, block) for at, block in scores if at != target]
        asked += _concept(features, target, pooled[target])
    return [each for each in asked if np.ptp(each.scores) > 1e-9]


def _scores(column: Pooled) -> Floats:
    """A column as standardised scores: its rank, or its commonest categories."""
    levels = np.zeros((0, 0)) if column.numeric else _levels(column, MOST_LEVELS)
    found = (midranks(column.values) - 0.5)[:, None] if column.numeric else levels
    found = found - found.mean(axis=0)
    spread = found.std(axis=0)
    scaled: Floats = found[:, spread > 1e-9] / spread[spread > 1e-9]
    return scaled


def _levels(column: Pooled, most: int) -> Floats:
    codes = column.values.astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=max(1, len(column.names)))
    common = np.argsort(-counts, kind="stable")[:most]
    chosen = [codes == code for code in common if counts[code] > 1]
    return np.stack(chosen, axis=1).astype(float) if chosen else np.zeros((len(codes), 0))


def _design(blocks: Sequence[Floats]) -> list[Floats]:
    """Each column's scores, and of a single one its square too."""
    return [
        np.concatenate([block, block**2 - 1], axis=1) if block.shape[1] == 1 else block
        for block in blocks
    ]


def _off(scores: Sequence[tuple[int, Floats]]) -> Iterator[Feature]:
    for (at, _), residuals in zip(scores, _residuals([block for _, block in scores]), strict=True):
        for residual in residuals.T:
            ranks = midranks(residual) - 0.5
            yield Feature(at, "follows from the other columns", ranks, "joint")
            off = midranks(np.abs(residual)) - 0.5
            yield Feature(at, "off from the other columns", off, "joint")


def _residuals(blocks: Sequence[Floats]) -> Iterator[Floats]:
    """Of each block what the others leave unexplained: all from one inverse of the whole.

    With K = (X'X + ridge)^-1, block B's residual is X K[:, B] K[B, B]^-1 (the block inverse).
    """
    designs = _design(blocks)
    whole = np.concatenate(designs, axis=1).astype(np.float64)
    gram = whole.T @ whole
    gram[np.diag_indices_from(gram)] += RIDGE * len(whole)
    inverse, start = np.linalg.inv(gram), 0
    turned = np.empty((len(gram), sum(block.shape[1] for block in blocks)))
    widths: list[int] = []
    for block, design in zip(blocks, designs, strict=True):
        own = slice(start, start + design.shape[1])
        part = inverse[:, own] @ np.linalg.inv(inverse[own, own])
        turned[:, sum(widths) : sum(widths) + block.shape[1]] = part[:, : block.shape[1]]
        widths.append(block.shape[1])
        start = own.stop
    found = whole @ turned
    yield from np.split(found, np.cumsum(widths)[:-1], axis=1)


def _fit(design: Floats, wanted: Floats) -> Floats:
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] += RIDGE * len(design)
    found: Floats = design @ np.linalg.solve(gram, design.T @ wanted)
    return found


def _pairs(scores: Sequence[tuple[int, Floats]]) -> Iterator[Feature]:
    firsts = [(at, block[:, 0]) for at, block in scores]
    for one, (at, first) in enumerate(firsts):
        for _, second in firsts[one + 1 :]:
            yield Feature(at, "correlation of two columns", first * second, "pairs")


def _concept(scores: Sequence[tuple[int, Floats]], at: int, target: Pooled) -> Iterator[Feature]:
    wanted = _wanted(target)
    designs = _design([block for _, block in scores])
    residuals = wanted - _fit(np.concatenate(designs, axis=1), wanted) if designs else wanted
    off = (residuals**2).sum(axis=1)
    yield Feature(at, "error of the fitted relation", midranks(off) - 0.5, "concept")
    for residual in residuals.T:
        yield Feature(at, "residual of the target", residual, "concept")
        for index, block in scores:
            yield Feature(index, "relation to the target", residual * block[:, 0], "concept")


def _wanted(target: Pooled) -> Floats:
    codes = target.values
    if target.numeric and len(np.unique(codes[~np.isnan(codes)])) > MOST_CLASSES:
        return (midranks(codes) - 0.5)[:, None] * 12**0.5
    if target.numeric:
        known = np.unique(codes[~np.isnan(codes)])[:MOST_CLASSES]
        found = (codes[:, None] == known[None, :]).astype(float)
    else:
        found = _levels(target, MOST_CLASSES)
    centred: Floats = found - found.mean(axis=0)
    return centred
