"""A virtual clock for the engine, and a project with schedules and a policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest import mock

from apps.accounts.models import User
from apps.incidents import services
from apps.incidents.models import Incident, Policy, Schedule
from apps.incidents.oncall import clock, policies, schedules
from apps.incidents.oncall.clock import Reading
from apps.incidents.oncall.policies import Step, Wanted
from apps.incidents.oncall.schedules import Shape
from apps.projects.models import Project

START = datetime(2025, 3, 29, 12, tzinfo=UTC)


class VirtualClock:
    """Uptime that only goes on, and a wall clock that may be set."""

    def __init__(self, now: datetime = START) -> None:
        self.uptime = 1000.0
        self.set_by = timedelta(0)
        self.began = now

    @property
    def now(self) -> datetime:
        """What the wall clock shows."""
        return self.true + self.set_by

    @property
    def true(self) -> datetime:
        """What it would show, had nobody set it."""
        return self.began + timedelta(seconds=self.uptime - 1000.0)

    def read(self) -> Reading:
        return Reading(self.now, "boot", self.now.timestamp() - self.uptime)

    def wait(self, seconds: float) -> None:
        self.uptime += seconds

    def turn(self, by: timedelta) -> None:
        """Somebody sets the clock."""
        self.set_by += by


@contextmanager
def virtual(now: datetime = START) -> Iterator[VirtualClock]:
    """Let the engine read a clock of the test's."""
    made = VirtualClock(now)
    with mock.patch.object(clock, "read", made.read):
        yield made


def rotation(*people: User, **changes: Any) -> Shape:
    """A rotation that began long ago."""
    given: dict[str, Any] = {"name": "weekly", "starts_on": date(2025, 1, 6), "hand_over": time(9)}
    return Shape(people=people, **{**given, **changes})


def schedule_of(project: Project, *people: User, by: User, **changes: Any) -> Schedule:
    """A schedule with one weekly rotation."""
    shapes = [rotation(*people, **changes)] if people else []
    return schedules.create_schedule(
        project=project,
        name=f"primary {Schedule.objects.count()}",
        zone="Europe/Berlin",
        by=by,
        shapes=shapes,
    )


def policy_of(project: Project, *steps: tuple[int, list[Any]], by: User, **changes: Any) -> Policy:
    """A policy of `(minutes, targets)`."""
    given: dict[str, Any] = {"name": "default", "repeats": 0, "repeat_minutes": 15}
    wanted = Wanted(steps=[Step(*step) for step in steps], **{**given, **changes})
    return policies.create_policy(project=project, wanted=wanted, by=by)


def incident_of(project: Project, *, by: User, severity: str = "high") -> Incident:
    """An incident with its pages planned."""
    return services.open_by_hand(project=project, title="Scores are odd", severity=severity, by=by)
