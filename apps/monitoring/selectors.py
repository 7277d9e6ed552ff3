from __future__ import annotations

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from apps.core.access import Person
from apps.models.models import RegisteredModel
from apps.monitoring.alerting import windows
from apps.monitoring.models import (
    Alert,
    AlertQuerySet,
    Baseline,
    Monitor,
    MonitorQuerySet,
    Notification,
    NotificationQuerySet,
    Route,
    Silence,
    Verdict,
)
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row
from apps.projects.models import Environment
from apps.projects.querysets import InProjectQuerySet


def window(monitor: Monitor) -> list[Row]:
    """The newest rows of the monitor's deployment, at most its window's size, oldest first."""
    newest = predictions.newest(monitor.deployment_id, monitor.window_rows)
    return sorted(newest, key=lambda row: row.time)


def due() -> list[Monitor]:
    """The monitors whose time has come."""
    return list(Monitor.objects.due().order_by("due_at")[:1000])


def newest_verdicts(model: RegisteredModel, environment: Environment | None) -> list[Verdict]:
    """What each enabled monitor of the model's deployments said last."""
    found = Monitor.objects.filter(enabled=True, deployment__model=model)
    if environment is not None:
        found = found.filter(deployment__environment=environment)
    last = Verdict.objects.filter(monitor=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    newest = found.annotate(last=Subquery(last)).values("last")
    return list(Verdict.objects.filter(pk__in=newest).select_related("monitor__deployment"))


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
    return found.select_related("monitor", "deployment", "version__model", "project", "lead")


def silences(user: Person) -> InProjectQuerySet[Silence]:
    """What the person may see, newest first."""
    return Silence.objects.visible_to(user).select_related("project", "created_by", "ended_by")


def silences_holding(project_id: int) -> list[Silence]:
    """The silences of a project that hold now."""
    open_ = Silence.objects.filter(project_id=project_id, ended_at=None)
    now = timezone.now()
    return [row for row in open_.filter(starts_at__lte=now) if windows.holds(row, now)]


def routes(user: Person) -> InProjectQuerySet[Route]:
    """What the person may see, by name."""
    return Route.objects.visible_to(user).select_related("project", "connection")


def notifications(user: Person) -> NotificationQuerySet:
    """What was told, or is to be, on the routes the person may see; newest first."""
    found = Notification.objects.visible_to(user)
    return found.select_related("alert", "route__connection", "route__project")
