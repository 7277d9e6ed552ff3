from __future__ import annotations

from apps.core.access import Person
from apps.monitoring.models import (
    Alert,
    AlertQuerySet,
    Baseline,
    Monitor,
    MonitorQuerySet,
)
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row
from apps.projects.querysets import InProjectQuerySet


def window(monitor: Monitor) -> list[Row]:
    """The newest rows of the monitor's deployment, at most its window's size, oldest first."""
    newest = predictions.newest(monitor.deployment_id, monitor.window_rows)
    return sorted(newest, key=lambda row: row.time)


def due() -> list[Monitor]:
    """The monitors whose time has come."""
    return list(Monitor.objects.due().order_by("due_at")[:1000])


def baselines(user: Person) -> InProjectQuerySet[Baseline]:
    """What the person may see, newest first."""
    return Baseline.objects.visible_to(user).select_related("deployment", "project")


def monitors(user: Person) -> MonitorQuerySet:
    """What the person may see."""
    found = Monitor.objects.visible_to(user)
    return found.select_related("deployment", "project", "baseline")


def alerts(user: Person) -> AlertQuerySet:
    """What the person may see, newest first."""
    found = Alert.objects.visible_to(user)
    return found.select_related("monitor__deployment", "version__model", "project")
