"""The beat goes on at its pace, whatever somebody does to the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from celery import Celery
from celery.schedules import schedule

from portal import steady
from portal.steady import SteadyScheduler


class Clock:
    def __init__(self) -> None:
        self.uptime = 500.0
        self.wall = 1_750_000_000.0

    def wait(self, seconds: float) -> None:
        self.uptime += seconds
        self.wall += seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)


_clocks: list[Clock] = []


def _now() -> datetime:
    """A function that survives being stored with the schedule."""
    return _clocks[-1].now()


def scheduler(clock: Clock, path: Path) -> tuple[SteadyScheduler, list[float]]:
    _clocks[:] = [clock]
    app = Celery("test", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"x": {"task": "x", "schedule": schedule(1.0, nowfun=_now, app=app)}}
    made = SteadyScheduler(app, schedule_filename=str(path), lazy=False)
    ran: list[float] = []
    made.apply_entry = lambda entry, producer=None: entry.name == "x" and ran.append(clock.uptime)
    return made, ran


def beats(clock: Clock, made: SteadyScheduler, seconds: int) -> None:
    with (
        mock.patch.object(steady.time, "time", side_effect=lambda: clock.wall),
        mock.patch.object(steady.time, "clock_gettime", side_effect=lambda _: clock.uptime),
    ):
        for _ in range(seconds * 4):  # as the beat does, which sleeps until something is due
            while made.tick() == 0:
                pass
            clock.wait(0.25)


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_a_clock_that_is_set_changes_nothing(hours: int, tmp_path: Path) -> None:
    clock = Clock()
    made, ran = scheduler(clock, tmp_path / "beat")
    beats(clock, made, 10)
    clock.wall += timedelta(hours=hours).total_seconds()
    beats(clock, made, 10)
    made.close()
    assert 18 <= len(ran) <= 22, ran
    assert max(after - before for before, after in zip(ran, ran[1:], strict=False)) < 2


def test_a_clock_set_back_while_no_beat_ran_is_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    made, ran = scheduler(clock, tmp_path / "beat")
    beats(clock, made, 5)
    made.close()
    clock.wall -= 3600
    made, ran = scheduler(clock, tmp_path / "beat")
    beats(clock, made, 5)
    made.close()
    assert len(ran) >= 4
