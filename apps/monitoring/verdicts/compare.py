"""Whether a window looks different from its reference: one report over all columns and relations.

The report's rate of false alarms is held by construction. Small windows: one permutation test over
every question (`exact`). Large ones: half of the rate for the questions, asked of a sample and
priced by Bonferroni, half for the tallies of every row (`counted`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.core.late import late
from apps.monitoring.levels import Level
from apps.monitoring.profiling.summaries import Summary
from apps.monitoring.verdicts import counted, effects, exact, features, relations
from apps.monitoring.verdicts.features import Feature
from apps.monitoring.verdicts.findings import Column, Joint, Report
from apps.monitoring.verdicts.pooled import Pooled, pool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
else:
    np = late("numpy")

RATE = 0.005  # of false alarms per report: half of the 1 % promised, for what is not ideal
PERMUTED = 5000  # a window of more rows on both sides is large: its questions are priced instead
RELATED = 2500  # rows of each large window that joint questions are asked of
PRICED_AT_ONCE = 32
FEWEST = 20  # rows on either side
SMALLEST_EFFECT = 0.1  # below it a change is real but does not matter
SMALLEST_RELATION = 0.2  # standard deviations of a joint question: "small" (Cohen 1988)
TARGETS = ("y", "target", "label", "truth")
# How the rate is shared between kinds of questions; what has none gives its share to the columns.
SHARES = {"column": 0.6, "joint": 0.17, "pairs": 0.08, "concept": 0.15}


@dataclass(frozen=True, slots=True)
class Options:
    """`alpha`: the report's rate; `exact` off: only priced p-values, for rates below 1 in 1,000."""

    alpha: float = RATE
    target: str | None = None
    importance: Mapping[str, float] = field(default_factory=dict)
    exact: bool = True
    seed: int = 0


def compare(then: Summary, now: Summary, options: Options | None = None) -> Report:
    """Compare the columns that both windows have, the most moved first."""
    options = options or Options()
    names = [name for name in then.tallies if name in now.tallies]
    pooled = [pool(name, then.sample[name], now.sample[name]) for name in names]
    lost = tuple(name for name in [*then.tallies, *now.tallies] if name not in set(names))
    if min(then.rows, now.rows) < FEWEST:
        return _too_few(pooled, (then.rows, now.rows), lost)
    return _Comparison(then, now, pooled, options).report(lost)


def _too_few(pooled: Sequence[Pooled], rows: tuple[int, int], lost: tuple[str, ...]) -> Report:
    reason = f"too few rows: {min(rows)}; at least {FEWEST} are needed"
    columns = tuple(
        Column(each.name, each.type, Level.TOO_FEW, 0.0, (0.0, 1.0), 1.0, "", reason)
        for each in pooled
    )
    joint = Joint(Level.TOO_FEW, 1.0, 0.0, "", (), reason)
    return Report(False, 1.0, columns, joint, None, rows, lost)


class _Comparison:
    def __init__(
        self, then: Summary, now: Summary, pooled: Sequence[Pooled], options: Options
    ) -> None:
        self.then, self.now, self.pooled, self.options = then, now, pooled, options
        self.drawn = len(now.priorities)
        is_large = min(then.rows, now.rows) > PERMUTED
        self.is_exact = options.exact and not is_large
        self.is_counted = not (then.is_whole and now.is_whole)
        self.target = _target([each.name for each in pooled], options.target)
        self.asked: list[tuple[Feature, float]] = []
        self.largest: Floats = np.empty(0)

    def report(self, lost: tuple[str, ...]) -> Report:
        """Ask everything, and say what it means."""
        self._ask()
        every_row = counted.surprises(self.then, self.now) if self.is_counted else {}
        columns = [self._column(at, every_row) for at in range(len(self.pooled))]
        columns.sort(key=lambda each: (each.p_value > self.options.alpha, -each.effect))
        joint = self._related({"joint", "pairs"})
        concept = self._related({"concept"}) if self.target is not None else None
        p_values = [each.p_value for each in columns] + [joint.p_value]
        p_value = min([*p_values, concept.p_value] if concept else p_values)
        rows = (self.then.rows, self.now.rows)
        drift = p_value <= self.options.alpha
        return Report(drift, p_value, tuple(columns), joint, concept, rows, lost)

    def _ask(self) -> None:
        own = [
            each for at, column in enumerate(self.pooled) for each in features.of_column(at, column)
        ]
        thin = None if self.is_exact or self.drawn <= RELATED else RELATED
        related, drawn = self._relations(thin)
        shares = _shares(own, related)
        for asked, many, part in self._groups(own, related, shares, drawn):
            # Priced questions do not meet each other: few at a time take little memory.
            size = len(asked) if self.is_exact else PRICED_AT_ONCE
            for at in range(0, len(asked), size):
                self._answer(asked[at : at + size], many, part[at : at + size])

    def _answer(self, asked: list[Feature], many: int, shares: Floats) -> None:
        questions = exact.Questions(asked, shares, many)
        divisions = exact.DIVISIONS if self.is_exact else 0
        found = exact.divide(questions, seed=self.options.seed, divisions=divisions)
        self.largest = found.largest
        self.asked += zip(asked, map(float, found.seen), strict=True)

    def _groups(
        self, own: list[Feature], related: list[Feature], shares: Floats, drawn: int
    ) -> list[tuple[list[Feature], int, Floats]]:
        """Questions over the same rows, with their number of rows drawn and their shares."""
        if drawn == self.drawn:
            both = own + related
            return [(both, drawn, shares)] if both else []
        groups = [(own, self.drawn, shares[: len(own)]), (related, drawn, shares[len(own) :])]
        return [group for group in groups if group[0]]

    def _relations(self, thin: int | None) -> tuple[list[Feature], int]:
        if thin is None:
            return relations.of_columns(self.pooled, self.target), self.drawn
        first = len(self.then.priorities)
        kept = np.r_[0 : min(thin, first), first : first + thin]
        pooled = [each.rows(kept) for each in self.pooled]
        return relations.of_columns(pooled, self.target), thin

    def _column(self, at: int, every_row: Mapping[str, tuple[float, str]]) -> Column:
        column = self.pooled[at]
        seen, method = max(
            ((s, f.method) for f, s in self.asked if f.family == "column" and f.column == at),
            default=(-math.inf, ""),
        )
        p_value = self._adjusted(seen)
        if self.is_counted:
            surprise, counting = every_row.get(column.name, (-math.inf, ""))
            p_all = min(1.0, math.exp(-max(surprise, -1.0)))
            method = counting if p_all < p_value else method
            p_value = min(1.0, 2 * min(p_value, p_all))
        moved = effects.effect(column, self.drawn)
        level = self._level(p_value, self._weight(column.name) * moved.size, SMALLEST_EFFECT)
        too_few = min(np.count_nonzero(~column.missing[-self.drawn :]), len(column.values)) == 0
        reason = column.reason or ("it has no value in the window" if too_few else "")
        return Column(
            column.name, column.type, level, moved.size, moved.interval, p_value,
            method or "none: it cannot differ", reason, moved.measure,
        )  # fmt: skip

    def _related(self, families: set[str]) -> Joint:
        found = sorted(
            ((s, f) for f, s in self.asked if f.family in families), key=lambda each: -each[0]
        )
        if not found:
            return Joint(Level.IGNORE, 1.0, 0.0, "", (), "fewer than two columns can be related")
        p_value, feature = self._adjusted(found[0][0]), found[0][1]
        p_value = min(1.0, (2 if self.is_counted else 1) * p_value)
        size = _standardised(feature, self.drawn)
        level = self._level(p_value, size, SMALLEST_RELATION)
        moved = dict.fromkeys(
            self.pooled[f.column].name for s, f in found if self._adjusted(s) <= self.options.alpha
        )
        return Joint(level, p_value, size, feature.method, tuple(moved)[:20], "")

    def _adjusted(self, surprise: float) -> float:
        """The p-value, adjusted for every question of the report."""
        priced = min(1.0, math.exp(-max(surprise, 0.0)))
        if not self.is_exact or not len(self.largest):
            return priced
        above = np.count_nonzero(self.largest >= surprise - 1e-6)
        return min(priced, float((1 + above) / (1 + len(self.largest))))

    def _level(self, p_value: float, effect: float, smallest: float) -> Level:
        if p_value > self.options.alpha:
            return Level.IGNORE
        return Level.ACT if effect >= smallest else Level.WATCH

    def _weight(self, name: str) -> float:
        """At most 1: a feature of less than average importance must move further."""
        importance = self.options.importance
        mean = sum(map(abs, importance.values())) / len(importance) if importance else 0.0
        return min(1.0, abs(importance[name]) / mean) if mean and name in importance else 1.0


def _target(names: Sequence[str], wanted: str | None) -> int | None:
    if wanted is not None:
        return names.index(wanted) if wanted in names else None
    return next((at for at, name in enumerate(names) if name.lower() in TARGETS), None)


def _shares(own: Sequence[Feature], related: Sequence[Feature]) -> Floats:
    families = np.array([each.family for each in [*own, *related]])
    columns = np.array([each.column for each in [*own, *related]], dtype=int)
    found = np.zeros(len(families))
    for family in SHARES.keys() & set(families.tolist()):
        chosen = families == family
        if family != "column":
            found[chosen] = SHARES[family] / chosen.sum()
            continue
        for column in np.unique(columns[chosen]):
            one = chosen & (columns == column)
            found[one] = SHARES[family] / len(np.unique(columns[chosen])) / one.sum()
    return found / found.sum() if len(found) else found


def _standardised(feature: Feature, drawn: int) -> float:
    scores = np.asarray(feature.scores, dtype=np.float64)
    drawn = min(drawn, len(scores) - 1)
    spread = scores.std()
    apart = abs(scores[:-drawn].mean() - scores[-drawn:].mean())
    return float(apart / spread) if spread else 0.0
