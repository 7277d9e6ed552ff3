"""How a column changed: missing, constant, of another unit or type. Such shapes point at a pipeline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register
from apps.incidents.pack.rows import window
from apps.monitoring.models import Alert, Baseline, Monitor
from apps.monitoring.profiling import Profile
from apps.monitoring.profiling.profiles import OTHER, Type

MOST_SHOWN = 8
FEWEST_ROWS = 30
MISSING = 0.2  # share of rows that says something by itself
UNITS = (1000.0, 100.0, 60.0, 3600.0, 86_400.0, 1e6, 10.0, 24.0)
LIKE_A_UNIT = 5.0  # smaller factors happen in the world
PIPELINE = ("missing", "constant", "unit", "type", "gone")


@dataclass(frozen=True, slots=True)
class Shape:
    """What happened to one column: `word` names it, `text` says it with figures."""

    column: str
    word: str
    text: str


def shapes(case: Case) -> list[Shape]:
    """How each column that moved changed, and columns that came or went."""
    found = {shape.column: shape for shape in [*_by_findings(case), *_by_profiles(case)]}
    return [*_came_and_went(case), *found.values()]


def of_pipeline(found: Sequence[Shape]) -> list[Shape]:
    """Those that no change of the world explains."""
    return [shape for shape in found if shape.word in PIPELINE]


def _by_profiles(case: Case) -> Iterator[Shape]:
    for alert in case.alerts or []:
        monitor, verdict = alert.monitor, alert.verdict
        if monitor is None or verdict is None or monitor.baseline is None:
            continue
        if monitor.baseline.source == Baseline.Source.ROLLING:
            continue  # its profiles are of the day it was made
        names = {str(each.get("name")) for each in alert.features}
        then = _profiles(monitor.baseline.profiles, names)
        now = _profiles(verdict.profiles, names)
        for name in [str(each.get("name")) for each in alert.features]:
            if name in then and name in now and (shape := shape_of(then[name], now[name])):
                yield shape


def _profiles(packed: Any, names: set[str]) -> dict[str, Profile]:
    given = packed if isinstance(packed, list) else []
    wanted = [each for each in given if isinstance(each, dict) and each.get("name") in names]
    return {str(each["name"]): Profile.of(each) for each in wanted}


def shape_of(then: Profile, now: Profile) -> Shape | None:
    """The most telling difference between two profiles of a column; `None` where it only moved."""
    for look in (_missing, _type, _constant, _unit, _new_categories):
        if (shape := look(then, now)) is not None:
            return shape
    return None


def _missing(then: Profile, now: Profile) -> Shape | None:
    before, after = _share(then.missing, then.rows), _share(now.missing, now.rows)
    if after < MISSING or after < 2 * before:
        return None
    text = f"{now.name} is missing in {after:.0%} of {now.rows} rows; it was in {before:.0%} of the baseline."
    return Shape(now.name, "missing", text)


def _type(then: Profile, now: Profile) -> Shape | None:
    if then.type == now.type or not now.present or not then.present:
        return None
    text = f"{now.name} is {now.type.value} now; it was {then.type.value} in the baseline."
    return Shape(now.name, "type", text)


def _constant(then: Profile, now: Profile) -> Shape | None:
    if now.present < 30:
        return None
    if now.type == Type.NUMERIC:
        same = now.moments.count > 0 and now.moments.low == now.moments.high
        varied = then.moments.high > then.moments.low
        value: Any = f"{now.moments.low:.4g}"
    else:
        same, varied = len(now.counts) == 1, _usual_share(then) < 0.9
        value = next(iter(now.counts), "")
    if not same or not varied:
        return None
    return Shape(
        now.name, "constant",
        f"{now.name} has one value, {value}, in all of {now.present} rows; it varied in the baseline.",
    )  # fmt: skip


def _usual_share(profile: Profile) -> float:
    return max(profile.counts.values(), default=0) / max(1, profile.present)


def _unit(then: Profile, now: Profile) -> Shape | None:
    """Middle and spread grew by one factor: the numbers are the same in another unit."""
    before, after = _middle(then.points), _middle(now.points)
    if before is None or after is None or not before[0] or after[0] / before[0] <= 0:
        return None
    factor = after[0] / before[0]
    spread = after[1] / before[1] if before[1] else 0.0
    if not _is_far(factor) or not spread or not 0.6 <= spread / factor <= 1.67:
        return None
    return Shape(
        now.name, "unit",
        f"{now.name} is about {_times(factor)} what it was, with its spread: the median went from "
        f"{before[0]:.4g} to {after[0]:.4g}. That looks like another unit.",
    )  # fmt: skip


def _is_far(factor: float) -> bool:
    return factor >= LIKE_A_UNIT or factor <= 1 / LIKE_A_UNIT


def _times(factor: float) -> str:
    large = factor if factor >= 1 else 1 / factor
    near = min(UNITS, key=lambda unit: abs(math.log(large / unit)))
    shown = near if abs(math.log(large / near)) < 0.25 else large
    return f"{shown:,.4g} times" if factor >= 1 else f"1/{shown:,.4g} of"


def _middle(points: Sequence[float]) -> tuple[float, float] | None:
    """Median and distance between the quartiles, of ascending points."""
    if len(points) < 8:
        return None
    quarter = len(points) // 4
    return points[len(points) // 2], points[-quarter - 1] - points[quarter]


def _new_categories(then: Profile, now: Profile) -> Shape | None:
    if now.type != Type.CATEGORICAL or OTHER in then.counts or not then.counts:
        return None
    new = {name: count for name, count in now.counts.items() if name not in then.counts}
    share = _share(sum(new.values()), now.rows)
    if share < 0.05:
        return None
    names = ", ".join(sorted(new, key=lambda name: -new[name])[:3]).replace(OTHER, "others")
    text = f"{share:.0%} of {now.rows} rows have values of {now.name} that the baseline never had: {names}."
    return Shape(now.name, "category", text)


def _by_findings(case: Case) -> Iterator[Shape]:
    """What a monitor of data quality says of columns."""
    words = {"missing": "missing", "type": "type", "new category": "category", "range": "range"}
    says = {
        "missing": "{name} is missing in {share} of the rows.",
        "type": "{name} is of another type in {share} of the rows.",
        "category": "{share} of the rows have values of {name} that the baseline never had.",
        "range": "{name} lies outside the range of the baseline in {share} of the rows.",
    }
    for found in [f for alert in case.alerts for f in _quality(alert)]:
        word = words.get(str(found.get("type")))
        if word and found.get("level") == "act" and isinstance(found.get("effect"), int | float):
            text = says[word].format(name=found["name"], share=f"{found['effect']:.0%}")
            yield Shape(str(found["name"]), word, text)


def _quality(alert: Alert) -> list[dict[str, Any]]:
    if alert.monitor is None or alert.monitor.kind != Monitor.Kind.DATA_QUALITY:
        return []
    return list(alert.verdict.findings) if alert.verdict else []


def _came_and_went(case: Case) -> Iterator[Shape]:
    """Columns of the baseline that no row of the window has, and the other way round: a renamed column is both."""
    if case.breach != Breach.INPUTS or case.deployment is None or case.baseline is None:
        return
    then = {str(each.get("name")) for each in _listed(case.baseline.profiles)}
    rows = case.once(window)
    if not then or len(rows) < FEWEST_ROWS:
        return
    now = {name for row in rows for name in row}
    gone, new = sorted(then - now), sorted(now - then)
    fresh = f" New since: {', '.join(new[:5])}." if new else ""
    for name in gone[:MOST_SHOWN]:
        yield Shape(name, "gone", f"{name} no longer comes in any of {len(rows)} rows.{fresh}")


def _listed(profiles: Any) -> list[dict[str, Any]]:
    given = profiles if isinstance(profiles, list) else []
    return [each for each in given if isinstance(each, dict)]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _gather(case: Case) -> Iterator[Item]:
    alert = case.alert
    if alert is None:
        return
    for shape in case.once(shapes)[:MOST_SHOWN]:
        yield Item(
            "shape", "monitoring.alert", str(alert.pk), f"{shape.column}: {_TITLES[shape.word]}"[:300],
            shape.text, alert.get_absolute_url(), {"column": shape.column, "shape": shape.word},
            steady=f"{shape.column} {shape.word}",
        )  # fmt: skip


_TITLES = {
    "missing": "missing values",
    "constant": "one value only",
    "unit": "another unit",
    "type": "another type",
    "category": "values never seen before",
    "range": "out of range",
    "gone": "no longer sent",
}
register(Gatherer("shapes", "How the columns changed", _gather))
