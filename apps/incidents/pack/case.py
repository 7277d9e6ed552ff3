"""What every gatherer needs to know of an incident, read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from apps.deployments.models import Deployment, Release
from apps.incidents.models import Incident
from apps.incidents.pack.breaches import Breach, breach_of
from apps.monitoring import selectors as monitoring
from apps.monitoring.levels import Level
from apps.monitoring.models import Alert, Baseline, Monitor, Verdict

BEFORE = timedelta(hours=24)
MOST_LOOKS = 2000
MOST_RELEASES = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Onset:
    """When it began: not before `earliest`, and at `latest` it was there.

    `unusual_since` is the end of the first look that found it unusual, before one found it bad.
    """

    earliest: datetime
    latest: datetime
    unusual_since: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """One verdict of the monitor without what it found."""

    level: str
    starts_at: datetime
    ends_at: datetime


class Case:
    """An incident as the gatherers see it. What several of them need is read once, by `once`."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.project_id = incident.project_id
        self.alert: Alert | None = incident.alert
        self.deployment: Deployment | None = incident.deployment
        self._known: dict[Callable[[Case], Any], Any] = {}

    def once(self, read: Callable[[Case], T]) -> T:
        """What `read` finds; a second asker gets the same."""
        if read not in self._known:
            self._known[read] = read(self)
        found: T = self._known[read]
        return found

    def known(self, read: Callable[[Case], T]) -> T | None:
        """What `read` has found already; `None` where it failed or was never asked."""
        return self._known.get(read)

    @property
    def monitor(self) -> Monitor | None:
        return self.alert.monitor if self.alert else None

    @property
    def verdict(self) -> Verdict | None:
        return self.alert.verdict if self.alert else None

    @property
    def baseline(self) -> Baseline | None:
        return self.monitor.baseline if self.monitor else None

    @cached_property
    def alerts(self) -> list[Alert]:
        """The alert and those that joined it, the first one first."""
        return monitoring.group_of(self.alert) if self.alert else []

    @cached_property
    def breach(self) -> Breach:
        """Which kind of thing went wrong."""
        return breach_of(self.alert, self.alerts)

    @cached_property
    def features(self) -> list[dict[str, Any]]:
        """What the alert says moved, strongest first."""
        given = self.alert.features if self.alert else []
        return [each for each in given if isinstance(each, dict) and each.get("name")]

    @cached_property
    def columns(self) -> list[str]:
        """The input columns that moved, as every alert of the group tells of them."""
        names = [
            str(feature["name"])
            for alert in self.alerts
            if breach_of(alert, [alert]) == Breach.INPUTS
            for feature in alert.features
            if isinstance(feature, dict) and feature.get("name")
        ]
        return list(dict.fromkeys(names))

    @cached_property
    def looks(self) -> list[Look]:
        """The monitor's looks up to the one that fired, newest first."""
        if self.monitor is None or self.verdict is None:
            return []
        since = self.verdict.starts_at - BEFORE
        found = Verdict.objects.filter(
            monitor=self.monitor, pk__lte=self.verdict.pk, ends_at__gte=since, rows__gt=0
        )
        rows = found.order_by("-pk").values_list("level", "starts_at", "ends_at")[:MOST_LOOKS]
        return [Look(*row) for row in rows] or [
            Look(self.verdict.level, self.verdict.starts_at, self.verdict.ends_at)
        ]

    @cached_property
    def onset(self) -> Onset:
        """When the breach began: from the looks, not from the moment somebody was told."""
        told = self.alert.fired_at if self.alert else self.incident.opened_at
        if not self.looks:
            return Onset(told, told, told)
        bad = unusual = self.looks[0]
        for look in self.looks[1:]:
            if look.level not in {Level.ACT, Level.WATCH, Level.TOO_FEW}:
                break
            if look.level == Level.ACT and bad is unusual:
                bad = look
            if look.level != Level.TOO_FEW:
                unusual = look
        return Onset(min(bad.starts_at, unusual.starts_at), bad.ends_at, unusual.ends_at)

    @cached_property
    def releases(self) -> list[Release]:
        """The deployment's releases that were live or got traffic, newest first."""
        if self.deployment is None:
            return []
        found = self.deployment.releases.exclude(live_at=None, step_since=None)
        joined = found.select_related(
            "version__model", "version__facts", "version__run", "requested_by", "deployment"
        )
        return list(joined.order_by("-requested_at", "-pk")[:MOST_RELEASES])

    def calm_since(self, moment: datetime) -> int:
        """How many looks wholly after this moment found nothing, before it began."""
        until = self.onset.latest
        return sum(
            look.level == Level.IGNORE and look.starts_at >= moment and look.ends_at <= until
            for look in self.looks
        )
