from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Case, Count, F, Max, OuterRef, Q, QuerySet, Subquery, When, Window
from django.db.models.functions import RowNumber, TruncHour
from django.utils import timezone

from apps.core.access import Person, Role, project_ids
from apps.deployments.models import Deployment
from apps.docs import selectors as documents
from apps.docs.models import Document
from apps.integrations.catalog import providing
from apps.integrations.models import Connection
from apps.integrations.ports import Notifier
from apps.models.models import RegisteredModel
from apps.monitoring.alerting import labels, matchers, windows
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import (
    Alert,
    AlertQuerySet,
    Baseline,
    Measurement,
    Monitor,
    MonitorQuerySet,
    Notification,
    NotificationQuerySet,
    Route,
    Silence,
    Upstream,
    Verdict,
)
from apps.projects.models import Environment
from apps.projects.querysets import InProjectQuerySet

SPARK_POINTS = 40
MOST_POINTS = 5000
MOST_MOVING = 20
MOST_CHOSEN, MOST_PREVIEWED, MOST_IN_GROUP = 500, 2000, 200


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


def filtered_alerts(user: Person, wanted: Mapping[str, str]) -> AlertQuerySet:
    """The alerts that the person may see and asks for; those that fire where no state is asked for."""
    found = alerts(user)
    state = wanted.get("state") or Alert.State.FIRING
    if state != "all":
        found = found.filter(state=state)
    given = {name: wanted[name] for name in ("severity", "source") if wanted.get(name)}
    found = found.filter(**given)
    if mark := wanted.get("mark"):
        found = found.filter(mark="" if mark == "unmarked" else mark)
    if silenced := wanted.get("silenced"):
        found = found.filter(silenced=silenced == "yes")
    if deployment := wanted.get("deployment"):
        found = found.filter(deployment__slug=deployment)
    if monitor := wanted.get("monitor"):
        found = found.filter(monitor__name__icontains=monitor)
    return found


def chosen_alerts(user: Person, ids: Sequence[str]) -> list[Alert]:
    """Of these alerts those that the person may acknowledge."""
    known = [int(each) for each in ids if each.isascii() and each.isdigit() and len(each) < 19]
    found = Alert.objects.visible_to(user, Role.RESPONDER).filter(pk__in=known[:MOST_CHOSEN])
    return list(found.select_related("monitor"))


def matching_now(project_id: int, wanted: Sequence[Matcher]) -> list[Alert]:
    """What fires in a project and a silence with these matchers would reach."""
    firing = Alert.objects.firing().filter(project_id=project_id)
    some = firing.select_related("deployment", "monitor")[:MOST_PREVIEWED]
    return [row for row in some if matchers.all_match(wanted, labels.shown(row))]


def upstream_of(project_id: int, names: Collection[str]) -> str:
    """The upstream table that all of these features come from, empty where there is none."""
    if not names:
        return ""
    found = Upstream.objects.filter(project_id=project_id, columns__contains=sorted(names))
    first = found.order_by("pk").first()
    return first.group if first else ""


def upstreams(user: Person) -> InProjectQuerySet[Upstream]:
    """The tables that the person may see, by name."""
    return Upstream.objects.visible_to(user).select_related("project")


def alerts_of_upstream(upstream: Upstream) -> AlertQuerySet:
    """What moved in the columns of the table alone, newest first."""
    return Alert.objects.filter(project_id=upstream.project_id, group=upstream.group)


def group_of(alert: Alert) -> list[Alert]:
    """Every alert of the alert's group, the first one first; itself among them."""
    head = alert.head
    found = Alert.objects.filter(Q(pk=head.pk) | Q(lead=head))
    return list(found.select_related("deployment", "monitor").order_by("pk")[:MOST_IN_GROUP])


def tellers(user: Person, at_least: Role = Role.MAINTAINER) -> QuerySet[Connection]:
    """The connections that can tell people, in the projects where the person holds this role."""
    here = Connection.objects.filter(project_id__in=project_ids(user, at_least))
    return here.enabled().filter(slug__in=providing(Notifier)).select_related("project")


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


def watching(deployment_ids: Sequence[int]) -> QuerySet[Monitor]:
    """The monitors of deployments that somebody was found to see, those that look."""
    found = Monitor.objects.filter(deployment_id__in=deployment_ids, enabled=True)
    return found.only("deployment_id", "kind", "state").order_by("pk")


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
