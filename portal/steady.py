"""The beat's scheduler, steady while somebody sets the clock.

Celery plans by the wall clock: where it is set back by an hour, nothing would be due for an hour.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import crontab

TOLERATED_SECONDS = 0.5


class SteadyScheduler(PersistentScheduler):
    """Moves the time of each last run along with a clock that was set."""

    _distance: float | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One look, after the clock was held against the uptime, which nobody can set."""
        distance = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        if self._distance is None:
            self._forget_the_future()
        elif abs(distance - self._distance) > TOLERATED_SECONDS:
            self._move(timedelta(seconds=distance - self._distance))
        self._distance = distance
        return float(super().tick(*args, **kwargs))

    def _move(self, by: timedelta) -> None:
        for entry in self._intervals():
            entry.last_run_at = _last_run(entry) + by
        self._heap = None

    def _forget_the_future(self) -> None:
        """The clock may have been set back while no beat ran."""
        for entry in self._intervals():
            entry.last_run_at = min(_last_run(entry), entry.default_now())
        self._heap = None

    def _intervals(self) -> list[ScheduleEntry]:
        """What runs every so often; a time of day is a matter of the clock."""
        entries = self.schedule.values()
        return [entry for entry in entries if not isinstance(entry.schedule, crontab)]


def _last_run(entry: ScheduleEntry) -> datetime:
    """When it ran last; Celery sets it to the start of the beat where it never did."""
    return entry.last_run_at or entry.default_now()
