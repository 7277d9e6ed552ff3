"""Says what grows in a line without bound.

The run is cut into thirds. Near the end of each the least of its last samples counts, so that what comes and goes
is not taken for growth. A figure grows without bound where the last third added more than its allowance, and
no less than the second did. What is known to be bounded by time or by people is listed in `soak_bounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.soak_bounds import bound_of
from bench.soak_samples import Sample

MB = 2**20
# What a third may add without being called growth: caches that warm up, pages of tables, a pool that fills.
ALLOWED = {
    "memory ": 16 * MB,
    "bytes ": 256 * 1024,
    "rows ": 100,
    "disk ": 16 * MB,
    "redis bytes": 2 * MB,
    "redis keys": 20,
    "processes": 3,
    "open files": 40,
    "database connections": 5,
    "restarts": 0,
}
SHOWN_ROWS = 25  # tables that are shown, those that grew most


@dataclass(frozen=True, slots=True)
class Growth:
    """One figure at the end of each third, and the hours of the demo between the first and the last."""

    name: str
    marks: tuple[float, float, float]
    hours: float

    @property
    def added(self) -> float:
        return self.marks[2] - self.marks[0]

    @property
    def hourly(self) -> float:
        return self.added / self.hours if self.hours else 0.0

    @property
    def is_in_a_line(self) -> bool:
        second, third = self.marks[1] - self.marks[0], self.marks[2] - self.marks[1]
        return third > allowed(self.name) and third >= second

    @property
    def bound(self) -> str:
        return bound_of(self.name)


def allowed(name: str) -> float:
    return next(value for start, value in ALLOWED.items() if name.startswith(start))


def judge(samples: Sequence[Sample]) -> int:
    """Print every figure at the first third and at the end; how many grow without bound."""
    found = growths(samples)
    print(f"\n{'':44}{'first third':>14}{'end':>14}{'an hour':>12}")
    for each in [*_plain(found), *_tables(found)]:
        print(_line(each))
    guilty = [each for each in found if each.is_in_a_line and not each.bound]
    for each in guilty:
        print(f"GROWS WITHOUT BOUND {_line(each)}")
    print(f"{len(guilty)} of {len(found)} figures grow without bound (aim 0)")
    return len(guilty)


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """Each figure that the last sample holds; what was not there before was nothing."""
    parts = [_end_of(samples, third) for third in (1, 2, 3)]
    hours = parts[2][-1].hours - parts[0][-1].hours
    return [Growth(name, _marks(name, parts), hours) for name in samples[-1].values]


def _end_of(samples: Sequence[Sample], third: int) -> Sequence[Sample]:
    """The samples of the last third of a third."""
    edge = max(1, len(samples) * third // 3)
    return samples[max(0, edge - max(1, len(samples) // 9)) : edge]


def _marks(name: str, parts: Sequence[Sequence[Sample]]) -> tuple[float, float, float]:
    first, second, last = (min(each.values.get(name, 0) for each in part) for part in parts)
    return first, second, last


def _plain(found: Sequence[Growth]) -> list[Growth]:
    return [each for each in found if not each.name.startswith(("rows ", "bytes "))]


def _tables(found: Sequence[Growth]) -> list[Growth]:
    """The tables that grew most, the others are silent."""
    rows = [each for each in found if each.name.startswith(("rows ", "bytes ")) and each.added]
    return sorted(rows, key=lambda each: each.added / allowed(each.name), reverse=True)[:SHOWN_ROWS]


def _line(each: Growth) -> str:
    first, _, last = (_shown(each.name, mark) for mark in each.marks)
    hourly = _shown(each.name, each.hourly)
    return f"{each.name:<44}{first:>14}{last:>14}{hourly:>12}  {each.bound}"


def _shown(name: str, value: float) -> str:
    is_size = name.startswith(("memory ", "bytes ", "disk ", "redis bytes"))
    return f"{value / MB:.2f} MB" if is_size else f"{value:.1f}"
