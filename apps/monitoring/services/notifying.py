"""Who is told of an alert: written in the change's own transaction, sent by a job until it is taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import SystemRandom
from typing import cast

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import PortalError, Retryable
from apps.integrations.models import Connection
from apps.integrations.opening import connector
from apps.integrations.ports import Notifier
from apps.ledger.services import record
from apps.monitoring.alerting import labels, matchers, wording
from apps.monitoring.models import Alert, Notification, NotificationQuerySet, Route

# So long a resolved alert may fire again without being told anew; its end is told after it.
HOLD = timedelta(minutes=5)
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600))
KEEP_TRYING = timedelta(days=1)
MOST_REFUSALS = 5  # of a receiver that answers and does not want it
MOST_PER_RUN = 200
SENDING = timedelta(minutes=2)  # what a killed sender held is due again after this
State = Notification.State
FIRED, RESOLVED = Notification.FIRED, Notification.RESOLVED

_random = SystemRandom()


def tell(alert: Alert) -> None:
    """Tell each fitting route that does not know of the alert's group yet."""
    group = _of_group(alert.head)
    group.filter(event=RESOLVED, state=State.WAITING).delete()  # it goes on: nothing is over
    knowing = set(group.filter(event=FIRED).values_list("route_id", flat=True))
    _write(alert, [route for route in fitting(alert) if route.pk not in knowing], FIRED)


def fitting(alert: Alert) -> list[Route]:
    """The routes of the alert's project that want it."""
    seen = labels.shown(alert)
    routes = Route.objects.filter(project_id=alert.project_id, enabled=True)
    return [
        route
        for route in routes.select_related("connection")
        if alert.severity in (route.severities or [alert.severity])
        and matchers.all_match(matchers.unpacked(route.matchers), seen)
    ]


def tell_resolved(head: Alert, *, at: datetime) -> None:
    """Tell whoever heard of the group that it is over, unless it comes back within the hold."""
    heard = _of_group(head).filter(event=FIRED, route__tell_resolved=True)
    for told in heard.select_related("alert", "route__connection"):
        _write(told.alert, [told.route], RESOLVED, due_at=at + HOLD)


def remind(alert: Alert) -> None:
    """Tell once more of an alert that was told before and still fires."""
    for told in alert.notifications.filter(event=FIRED).select_related("route__connection"):
        _again(alert, told.route)


def repeat_notifications() -> int:
    """Tell again of what fires and nobody has acknowledged; how many times. Safe to run twice."""
    firing = Notification.objects.filter(
        alert__state=Alert.State.FIRING,
        alert__acknowledged_at=None,
        alert__silenced=False,
        route__enabled=True,
        route__repeat_seconds__gt=0,
    )
    newest = firing.order_by("alert_id", "route_id", "-pk").distinct("alert_id", "route_id")
    told, now = 0, timezone.now()
    for last in newest.select_related("alert", "route__connection"):
        every = timedelta(seconds=last.route.repeat_seconds)
        if last.state == State.SENT and last.sent_at and last.sent_at + every <= now:
            _again(last.alert, last.route)
            told += 1
    return told


def wake_notifications() -> None:
    """Have what is due sent, and give up what waited for a day. Safe to run twice."""
    _give_up_old()
    due = Notification.objects.due().order_by()
    ids = due.values_list("route__connection_id", flat=True).distinct()
    for connection in Connection.objects.enabled().filter(pk__in=list(ids)):
        _wake(connection)


def send_due(*, connection_id: int) -> int:
    """Send what is due over one connection, oldest first; stop where it does not answer."""
    connection = Connection.objects.enabled().filter(pk=connection_id).first()
    sent = 0
    while connection is not None and sent < MOST_PER_RUN and (one := _claim(connection)):
        if not _send(connection, one):
            break
        sent += 1
    return sent


def test_route(*, route: Route, by: AbstractUser) -> None:
    """Send a notice over the route's connection that says that it is a test; its refusal is raised."""
    notifier = cast(Notifier, connector(route.connection))
    notifier.notify(wording.of_test(route))
    record(
        actor=by,
        verb="monitoring.route_tested",
        subject=route,
        project_id=route.project_id,
        data={},
    )


@transaction.atomic
def redeliver(*, notification: Notification, by: AbstractUser) -> None:
    """Send a notification once more, now; a dead letter gets another day."""
    now = timezone.now()
    rows = Notification.objects.filter(pk=notification.pk)
    rows.update(state=State.WAITING, attempts=0, due_at=now, created_at=now, error="")
    _record("monitoring.notification_redelivered", notification, by)
    _wake(notification.route.connection)


def _of_group(head: Alert) -> NotificationQuerySet:
    return Notification.objects.filter(Q(alert=head) | Q(alert__lead=head))


def _again(alert: Alert, route: Route) -> None:
    number = Notification.objects.filter(alert=alert, route=route).count()
    _write(alert, [route], f"again {number}")


def _write(
    alert: Alert, routes: Iterable[Route], event: str, due_at: datetime | None = None
) -> None:
    """The rows of the outbox; the same telling twice is one."""
    routes = list(routes)
    Notification.objects.bulk_create(
        [
            Notification(alert=alert, route=route, event=event, due_at=due_at or timezone.now())
            for route in routes
        ],
        ignore_conflicts=True,
    )
    if due_at is None:
        for connection in {route.connection for route in routes}:
            _wake(connection)


def _wake(connection: Connection) -> None:
    jobs.enqueue(
        "monitoring.notify",
        owner=None,
        project_id=connection.project_id,
        key=f"monitoring.notify:{connection.pk}",
        connection_id=connection.pk,
    )


def _claim(connection: Connection) -> Notification | None:
    """Take the oldest that is due; when it is due again is written first, so a crash loses nothing."""
    due = Notification.objects.due().filter(route__connection=connection)
    found = due.select_related("alert__deployment", "alert__monitor", "route").order_by("pk")
    one = found.first()
    if one is None:
        return None
    mine = Notification.objects.filter(pk=one.pk, attempts=one.attempts, state=State.WAITING)
    if not mine.update(attempts=F("attempts") + 1, due_at=timezone.now() + SENDING):
        return None
    one.attempts += 1
    return one


def _send(connection: Connection, one: Notification) -> bool:
    """Send one; `False` where the receiver does not answer, and the others wait, too."""
    rows = Notification.objects.filter(pk=one.pk)
    try:
        cast(Notifier, connector(connection)).notify(wording.notice(one))
    except Retryable as error:
        _later(one, error)
        return False
    except PortalError as error:
        _later(one, error)
        if one.attempts >= MOST_REFUSALS:
            _give_up(one)
        return True
    rows.update(state=State.SENT, sent_at=timezone.now(), error="")
    return True


def _later(one: Notification, error: PortalError) -> None:
    delay = BACKOFF[min(one.attempts, len(BACKOFF)) - 1] * _random.uniform(0.8, 1.2)
    asked = timedelta(seconds=min(error.data.get("retry_after") or 0, 3600))
    due_at = timezone.now() + max(delay, asked)
    Notification.objects.filter(pk=one.pk).update(due_at=due_at, error=str(error)[:500])


def _give_up_old() -> None:
    waiting = Notification.objects.filter(state=State.WAITING, attempts__gt=0)
    old = waiting.filter(created_at__lt=timezone.now() - KEEP_TRYING, alert__silenced=False)
    for one in old.select_related("route")[:MOST_PER_RUN]:
        _give_up(one)


@transaction.atomic
def _give_up(one: Notification) -> None:
    """The dead letter: kept, shown, and sent again only when somebody asks."""
    if Notification.objects.filter(pk=one.pk, state=State.WAITING).update(state=State.DEAD):
        _record("monitoring.notification_given_up", one, None)


def _record(verb: str, one: Notification, by: AbstractUser | None) -> None:
    project_id = one.route.project_id
    data = {"route": one.route_id, "alert": one.alert_id, "event": one.event}
    record(actor=by, verb=verb, subject=one, project_id=project_id, data=data)
