from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Case, Count, F, Max, OuterRef, Q, QuerySet, Subquery, When, Window
from django.db.models.functions import RowNumber, TruncHour

from apps.core.access import Person
from apps.deployments.models import Deployment
from apps.docs import selectors as documents
from apps.docs.models import Document
from apps.models.models import RegisteredModel
from apps.monitoring.models import (
    Alert,
    AlertQuerySet,
    Baseline,
    Measurement,
    Monitor,
    MonitorQuerySet,
    Verdict,
)
from apps.projects.models import Environment
from apps.projects.querysets import InProjectQuerySet

SPARK_POINTS = 40
MOST_POINTS = 5000
MOST_MOVING = 20


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
    return found.select_related("monitor", "deployment", "version__model", "project")


def narrowed(user: Person, *, words: str = "", state: str = "", kind: str = "") -> MonitorQuerySet:
    """What the list shows."""
    found = monitors(user)
    if words:
        found = found.filter(Q(name__icontains=words) | Q(deployment__slug__icontains=words))
    if state:
        found = found.filter(state=state)
    return found.filter(kind=kind) if kind else found


def counts(user: Person) -> dict[str, int]:
    """How many monitors the person may see, by state."""
    found = Monitor.objects.visible_to(user).order_by().values_list("state")
    return dict(found.annotate(count=Count("pk")))


def runbooks(user: Person, deployment: Deployment) -> QuerySet[Document]:
    """The runbooks that a monitor of the deployment may name."""
    found = documents.documents(user).filter(project_id=deployment.project_id)
    return found.filter(kind=Document.Kind.RUNBOOK).order_by("title")


def recent(monitor_ids: Sequence[int]) -> dict[int, list[float]]:
    """The newest values of each monitor's series, oldest first: what a sparkline draws."""
    place = Window(RowNumber(), partition_by="monitor_id", order_by=F("at").desc())
    found = Measurement.objects.filter(monitor_id__in=monitor_ids, part="").annotate(place=place)
    values: dict[int, list[float]] = {}
    rows = found.filter(place__lte=SPARK_POINTS).order_by("at", "pk")
    for monitor_id, value in rows.values_list("monitor_id", "value"):
        values.setdefault(monitor_id, []).append(value)
    return values


def points(monitor: Monitor) -> list[Measurement]:
    """The newest points of a monitor's series, oldest first."""
    return list(monitor.measurements.order_by("-at", "-pk")[:MOST_POINTS])[::-1]


def hourly(monitor_ids: Sequence[int], since: datetime) -> list[Verdict]:
    """The last verdict of each monitor in each hour since then, oldest first."""
    found = Verdict.objects.filter(monitor_id__in=monitor_ids, at__gte=since)
    hours = found.order_by().annotate(hour=TruncHour("at")).values("monitor_id", "hour")
    newest = hours.annotate(newest=Max("pk")).values("newest")
    return list(Verdict.objects.filter(pk__in=newest).order_by("pk").defer("profiles"))


def moving(user: Person) -> list[Monitor]:
    """The monitors whose findings the heat map shows: those that alert, then the newest that looked."""
    found = monitors(user).exclude(state=Monitor.State.UNKNOWN).filter(enabled=True)
    first = Case(When(state=Monitor.State.ALERTING, then=0), default=1)
    return list(found.order_by(first, F("seen_until").desc(nulls_last=True), "pk")[:MOST_MOVING])
