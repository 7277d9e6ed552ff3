"""Figures of performance with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.looks import bounds
from apps.monitoring.looks.bounds import Estimate
from apps.monitoring.looks.labelled import (
    Columns,
    answers,
    classes,
    numbers,
    positives,
    probabilities,
)
from apps.predictions.rows import Row

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")

Figure = Callable[[Sequence[Row], Columns], Estimate]
SMALLEST_PROBABILITY = 1e-6
NONE = bounds.share(0, 0)


def accuracy(rows: Sequence[Row], columns: Columns) -> Estimate:
    """The share of right answers."""
    right = classes(answers(rows, columns)) == classes([row.truth for row in rows])
    return bounds.share(int(right.sum()), len(rows))


def f1(rows: Sequence[Row], columns: Columns) -> Estimate:
    """`2J / (1 + J)`, where J is the share of true positives among all that are or are called positive."""
    called = positives(answers(rows, columns), columns)
    true = positives([row.truth for row in rows], columns)
    either = int((called | true).sum())
    return bounds.through(
        bounds.share(int((called & true).sum()), either), lambda j: 2 * j / (1 + j)
    )


def auc(rows: Sequence[Row], columns: Columns) -> Estimate:
    """The area under the ROC curve: the mean rank of positives; standard error of DeLong et al. 1988."""
    scores, true = _scored(rows, columns)
    up, down = scores[true], scores[~true]
    if len(up) < 2 or len(down) < 2:
        return NONE
    of_up, of_down = _placed(up, down), 1 - _placed(down, up)
    spread = of_up.var(ddof=1) / len(up) + of_down.var(ddof=1) / len(down)
    return bounds.normal(float(of_up.mean()), math.sqrt(spread), min(len(up), len(down)))


def _placed(values: Any, among: Any) -> Any:
    """For each value the share of `among` below it; ties count half."""
    ordered = np.sort(among)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return (below + upto) / 2 / len(ordered)


def log_loss(rows: Sequence[Row], columns: Columns) -> Estimate:
    """The mean of `-ln p` of what came true."""
    scores, true = _scored(rows, columns)
    likely = np.clip(np.where(true, scores, 1 - scores), SMALLEST_PROBABILITY, 1)
    return bounds.mean(-np.log(likely))


def mae(rows: Sequence[Row], columns: Columns) -> Estimate:
    """The mean absolute error."""
    missed, _ = _missed(rows, columns)
    return bounds.mean(np.abs(missed))


def rmse(rows: Sequence[Row], columns: Columns) -> Estimate:
    """The root of the mean squared error."""
    missed, _ = _missed(rows, columns)
    return bounds.through(bounds.mean(missed**2), lambda value: math.sqrt(max(0.0, value)))


def r2(rows: Sequence[Row], columns: Columns) -> Estimate:
    """`1 - Σe² / Σ(y - ȳ)²`; standard error by the delta method."""
    missed, true = _missed(rows, columns)
    if len(true) < 2:
        return NONE
    apart = (true - true.mean()) ** 2
    if not apart.mean():
        return NONE
    ratio = float((missed**2).mean() / apart.mean())
    pull = (missed**2 - ratio * apart) / apart.mean()
    return bounds.normal(1 - ratio, float(pull.std(ddof=1)) / math.sqrt(len(pull)), len(pull))


def ndcg(groups: Sequence[Sequence[Row]], columns: Columns, k: int) -> Estimate:
    """The mean over queries of the normalised discounted cumulative gain at k (Järvelin, Kekäläinen 2002)."""
    gains = [gain for rows in groups if (gain := _gain(rows, columns, k)) is not None]
    return bounds.share(sum(gains), len(gains))


def _gain(rows: Sequence[Row], columns: Columns, k: int) -> float | None:
    scores, worth = numbers(answers(rows, columns)), numbers([row.truth for row in rows])
    known = np.isfinite(scores) & np.isfinite(worth)
    scores, worth = scores[known], np.clip(worth[known], 0, 50)
    best = _discounted(np.sort(worth)[::-1], k)
    if not best:
        return None
    return _discounted(worth[np.argsort(-scores, kind="stable")], k) / best


def _discounted(worth: Any, k: int) -> float:
    top = worth[:k]
    return float(((2.0**top - 1) / np.log2(np.arange(len(top)) + 2)).sum())


def _scored(rows: Sequence[Row], columns: Columns) -> tuple[Any, Any]:
    scores = probabilities(rows, columns)
    known = np.isfinite(scores)
    return scores[known], positives([row.truth for row in rows], columns)[known]


def _missed(rows: Sequence[Row], columns: Columns) -> tuple[Any, Any]:
    given, true = numbers(answers(rows, columns)), numbers([row.truth for row in rows])
    known = np.isfinite(given) & np.isfinite(true)
    return (given - true)[known], true[known]


FIGURES: dict[str, tuple[Figure, bool]] = {
    # Whether more is worse.
    "accuracy": (accuracy, False),
    "f1": (f1, False),
    "auc": (auc, False),
    "log_loss": (log_loss, True),
    "mae": (mae, True),
    "rmse": (rmse, True),
    "r2": (r2, False),
}
SHARES = frozenset({"accuracy", "f1", "auc", "r2", "ndcg"})
