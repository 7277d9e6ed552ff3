"""Whether the traffic is of other parts than before: more of one category, which takes the figures with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.rows import reference, sampled, window

MOST_CATEGORIES = 30  # a column with more is no way to cut the traffic
MOST_SEGMENTS, MOST_NUMBERS = 12, 20
FEWEST = 50
GREW = 0.15  # of all rows
EXPLAINS = 0.6  # of how far the means moved
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Mix:
    """One part of the traffic that grew or shrank, and how much of what moved follows from it."""

    column: str
    value: str
    before: float
    after: float
    explained: dict[str, float]  # by column that moved
    moved: int

    @property
    def explains(self) -> bool:
        """Whether at least half of what moved follows from the mix alone."""
        return bool(self.moved) and 2 * len(self.explained) >= self.moved


def mix(case: Case) -> Mix | None:
    """The part of the traffic whose share explains most of what moved; `None` where the mix is as before."""
    if case.breach not in {Breach.INPUTS, Breach.OUTPUTS}:
        return None
    baseline = case.once(reference)
    then, now = sampled(baseline) if baseline else [], case.once(window)
    if min(len(then), len(now)) < FEWEST:
        return None
    names = [name for name in case.columns if _numeric(then, name)][:MOST_NUMBERS]
    found = [m for c in _segments(then) if (m := _mixed(c, then, now, names)) is not None]
    return max(found, key=_telling, default=None)


def _telling(found: Mix) -> tuple[bool, int, float]:
    return found.explains, len(found.explained), abs(found.after - found.before)


def _segments(rows: Rows) -> list[str]:
    """The columns by whose values traffic can be cut."""
    names = list(dict.fromkeys(name for row in rows[:FEWEST] for name in row))
    few = []
    for name in names:
        values = {row.get(name) for row in rows}
        if 2 <= len(values) <= MOST_CATEGORIES and not any(isinstance(v, float) for v in values):
            few.append(name)
    return few[:MOST_SEGMENTS]


def _numeric(rows: Rows, name: str) -> bool:
    values = [row.get(name) for row in rows]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return len(numbers) >= FEWEST and len(set(numbers)) > MOST_CATEGORIES


def _mixed(column: str, then: Rows, now: Rows, names: Sequence[str]) -> Mix | None:
    before, after = _shares(then, column), _shares(now, column)
    value = max({*before, *after}, key=lambda each: abs(after[each] - before[each]))
    if abs(after[value] - before[value]) < GREW:
        return None
    moved = [name for name in names if name != column]
    explained = {
        name: share
        for name in moved
        if (share := _explained(column, name, then, now)) is not None and share >= EXPLAINS
    }
    return Mix(column, str(value), before[value], after[value], explained, len(moved))


def _shares(rows: Rows, column: str) -> Counter[Any]:
    counts: Counter[Any] = Counter(_key(row, column) for row in rows)
    total = len(rows)
    return Counter({value: count / total for value, count in counts.items()})


def _key(row: Mapping[str, Any], column: str) -> str:
    return str(row.get(column))


def _explained(column: str, name: str, then: Rows, now: Rows) -> float | None:
    """How much of the move of the mean follows from other shares with the old means (Kitagawa 1955)."""
    means, all_then = _means(then, column, name)
    _, all_now = _means(now, column, name)
    if all_then is None or all_now is None or all_now == all_then:
        return None
    before, after = _shares(then, column), _shares(now, column)
    by_mix = sum((after[value] - before[value]) * mean for value, mean in means.items())
    unseen = sum(share for value, share in after.items() if value not in means)
    return None if unseen > GREW else by_mix / (all_now - all_then)


def _means(rows: Rows, column: str, name: str) -> tuple[dict[str, float], float | None]:
    sums: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for row in rows:
        value = row.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
            sums[_key(row, column)] += value  # type: ignore[assignment]  # a Counter adds floats as well
            counts[_key(row, column)] += 1
    total = sum(counts.values())
    means = {key: sums[key] / count for key, count in counts.items()}
    return means, sum(sums.values()) / total if total else None


def _gather(case: Case) -> Iterator[Item]:
    found, alert = case.once(mix), case.alert
    if found is None or alert is None:
        return
    yield Item(
        "mix",
        "monitoring.alert",
        str(alert.pk),
        f"The traffic is another mix: {found.column} {found.value}"[:300],
        f"{found.after:.0%} of the requests have {found.column} {found.value}; it was "
        f"{found.before:.0%} in the baseline.{said(found)}",
        alert.get_absolute_url(),
        {
            "column": found.column, "value": found.value, "before": found.before,
            "after": found.after, "explained": found.explained,
        },
        steady=f"{found.column} {found.value} {found.explains}",
    )  # fmt: skip


def said(found: Mix) -> str:
    """What of the rest follows from the mix."""
    if not found.explained:
        return "" if not found.moved else " What else moved does not follow from that."
    best = sorted(found.explained, key=lambda name: -found.explained[name])[:3]
    parts = ", ".join(f"{name} {min(1.0, found.explained[name]):.0%}" for name in best)
    return f" From that alone follows how far the means moved: {parts}."


register(Gatherer("mix", "The mix of the traffic", _gather))
