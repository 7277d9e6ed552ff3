from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from apps.core.access import Person, Role, project_ids
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

MOST_CHOSEN, MOST_PREVIEWED, MOST_IN_GROUP = 500, 2000, 200


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
