"""Steady growth, steps and seasons, told apart: figures of many made-up courses."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from apps.incidents.pack.season import recurring
from apps.incidents.pack.series import Series
from apps.incidents.pack.trend import growth

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
COURSES = 150


def course(
    of: Callable[[float], float], hours: float, noise: float, seed: int, *, step: float = 10
) -> Series:
    """Points up to now, each a function of the hours before it, with noise."""
    luck = random.Random(seed)  # noqa: S311  a test's own luck
    count = int(hours * 60 / step)
    return [
        (NOW - timedelta(minutes=step * back), of(-back * step / 60) + luck.gauss(0, noise))
        for back in range(count, -1, -1)
    ]


def test_a_step_is_no_growth() -> None:
    wrong = 0
    for seed in range(COURSES):
        when = -random.Random(seed).uniform(0.1, 20)  # noqa: S311
        points = course(lambda hour, when=when: 50 + 100 * (hour > when), 24, 5, seed)  # type: ignore[misc]
        wrong += growth(points) is not None
    print(f"steps taken for growth: {wrong} of {COURSES}")  # noqa: T201
    assert wrong <= COURSES * 0.02


def test_a_level_is_no_growth() -> None:
    assert not any(growth(course(lambda hour: 50, 24, 10, seed)) for seed in range(COURSES))


def test_growth_is_seen_with_its_start() -> None:
    seen, apart = 0, []
    for seed in range(COURSES):
        start = -random.Random(seed).uniform(3, 18)  # noqa: S311
        points = course(lambda hour, s=start: 50 + 80 * max(0, (hour - s) / -s), 24, 4, seed)  # type: ignore[misc]
        found = growth(points)
        if found is not None:
            seen += 1
            at = NOW + timedelta(hours=start)
            apart.append(found.starts_with(at))
    print(f"growth seen: {seen} of {COURSES}, its start right: {sum(apart)}")  # noqa: T201
    assert seen >= COURSES * 0.95
    assert sum(apart) >= seen * 0.9


@pytest.mark.parametrize("points", [[], [(NOW, 1.0)], [(NOW, 1.0)] * 11])
def test_few_points_say_nothing(points: list[tuple[datetime, float]]) -> None:
    assert growth(points) is None
    assert recurring(points) is None


def _daily(hour: float) -> float:
    """A peak of three hours around now, every day."""
    return 150.0 if min(hour % 24, -hour % 24) < 1.5 else 50.0


def test_a_daily_peak_comes_back() -> None:
    found = recurring(course(_daily, 24 * 8, 5, 1, step=30))
    assert found is not None
    assert (found.seen, found.weekly) == (found.known, False)


def test_a_weekly_peak_comes_back() -> None:
    def weekly(hour: float) -> float:
        return 150.0 if min(-hour % 168, hour % 168) < 1 else 50.0

    found = recurring(course(weekly, 24 * 14 + 1, 2, 1, step=30))
    assert found is not None
    assert found.weekly


def test_a_first_peak_is_new() -> None:
    assert recurring(course(lambda hour: 150 if hour > -1 else 50, 24 * 8, 5, 1, step=30)) is None


def test_a_peak_twice_as_high_as_ever_is_new() -> None:
    points = course(lambda hour: 400 if hour > -1 else _daily(hour), 24 * 8, 5, 1, step=30)
    assert recurring(points) is None


def test_what_stays_bad_for_days_is_no_season() -> None:
    assert recurring(course(lambda hour: 150 if hour > -100 else 50, 24 * 8, 5, 1, step=30)) is None


def test_two_days_are_too_few() -> None:
    assert recurring(course(_daily, 50, 5, 1, step=30)) is None
