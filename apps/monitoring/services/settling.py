"""An alert that came is looked at once: whose is it, who silenced it, which group does it belong to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.core import events, live
from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.monitoring.alerting import labels, matchers, windows
from apps.monitoring.events import AlertFired, AlertJoined, AlertReturned
from apps.monitoring.models import Alert, AlertQuerySet, Monitor, Silence
from apps.monitoring.services import notifying
from apps.monitoring.services.journal import note_alert

# What fires on one deployment within this time of each other is one incident.
WITHIN = timedelta(minutes=10)
# What fires again so soon after it resolved has not really been over.
HOLD = notifying.HOLD
MOST_AT_ONCE = 200


def lock(project_id: int) -> None:
    """Let one transaction at a time group the alerts of a project: two firsts would be two incidents."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('monitoring.alerts'), %s)", [project_id]
        )


def settle_waiting() -> int:
    """Settle what was told from outside; how many. Safe to run twice and beside itself."""
    projects = Alert.objects.waiting().order_by().values_list("project_id", flat=True).distinct()
    return sum(_settle_some(project_id) for project_id in list(projects))


@transaction.atomic
def _settle_some(project_id: int) -> int:
    lock(project_id)
    waiting = Alert.objects.waiting().filter(project_id=project_id).order_by("pk")
    some = list(waiting.select_related("monitor", "lead")[:MOST_AT_ONCE])
    silences = list(current(project_id))
    for alert in some:
        _bind(alert)
        settle(alert, silences=silences)
    return len(some)


def settle(alert: Alert, *, silences: Iterable[Silence] | None = None) -> None:
    """Silence it, join it to its group, or tell of it. Does nothing to one that is settled."""
    lock(alert.project_id)
    mine = Alert.objects.waiting().filter(pk=alert.pk)
    known = current(alert.project_id) if silences is None else silences
    alert.silenced = silenced_by(alert, silences=known) is not None
    if not mine.update(settled=True, silenced=alert.silenced):
        return
    alert.settled = True
    note_alert(
        alert,
        verb="monitoring.alert_fired",
        data={
            "verdict": alert.verdict_id,
            "features": len(alert.features),
            "silenced": alert.silenced,
        },
    )
    if not alert.silenced:
        announce(alert)
    _show(alert)


def announce(alert: Alert) -> None:
    """Tell of an alert that fires and that nobody silenced: alone, with its group, or as one that returned."""
    before = _returned_from(alert)
    lead = before or _leading(alert)
    Alert.objects.filter(pk=alert.pk).update(lead=lead)
    alert.lead = lead
    if lead is None:
        events.publish(AlertFired(alert_id=alert.pk))
    elif before is not None:
        events.publish(AlertReturned(alert_id=alert.pk, lead_id=lead.pk))
    else:
        events.publish(AlertJoined(alert_id=alert.pk, lead_id=lead.pk))
    notifying.tell(alert)


def current(project_id: int) -> QuerySet[Silence]:
    """The silences of a project that may hold now or later."""
    return Silence.objects.filter(
        Q(repeats=Silence.Repeats.NEVER, ends_at__gt=timezone.now())
        | ~Q(repeats=Silence.Repeats.NEVER),
        project_id=project_id,
        ended_at=None,
    )


def silenced_by(alert: Alert, *, silences: Iterable[Silence]) -> Silence | None:
    """The silence that holds over an alert now."""
    seen, now = labels.shown(alert), timezone.now()
    for silence in silences:
        if windows.holds(silence, now) and matchers.all_match(
            matchers.unpacked(silence.matchers), seen
        ):
            return silence
    return None


def follow_silences() -> None:
    """Begin and end what silences ask for as their times come. Safe to run twice."""
    silenced = Alert.objects.firing().filter(silenced=True)
    projects = set(silenced.order_by().values_list("project_id", flat=True).distinct())
    open_ = Silence.objects.filter(ended_at=None, starts_at__lte=timezone.now())
    begun = open_.filter(
        Q(ends_at__gt=timezone.now()) | ~Q(repeats=Silence.Repeats.NEVER)
    ).order_by()
    projects |= set(begun.values_list("project_id", flat=True).distinct())
    for project_id in sorted(projects):
        follow(project_id)


@transaction.atomic
def follow(project_id: int) -> None:
    """Bring the alerts of one project in line with its silences."""
    lock(project_id)
    silences = list(current(project_id))
    for alert in _touched(project_id, silences):
        held = silenced_by(alert, silences=silences) is not None
        if held != alert.silenced:
            _move(alert, held)


def _touched(project_id: int, silences: list[Silence]) -> AlertQuerySet:
    """What a silence may reach: its plain matchers are asked of the index, the rest in Python."""
    reached = Q(silenced=True)
    now = timezone.now()
    for silence in silences:
        if windows.holds(silence, now):
            reached |= _prefilter(silence)
    firing = Alert.objects.firing().filter(reached, project_id=project_id, settled=True)
    return firing.select_related("monitor", "lead", "deployment")


def _prefilter(silence: Silence) -> Q:
    wanted = Q(silenced=False)
    for matcher in matchers.unpacked(silence.matchers):
        if matcher.name == labels.NAME and matcher.is_equal and not matcher.is_regex:
            wanted &= Q(name=matcher.value[:200])
    return wanted


def _move(alert: Alert, held: bool) -> None:
    moved = Alert.objects.firing().filter(pk=alert.pk, silenced=not held)
    if not moved.update(silenced=held):
        return
    alert.silenced = held
    verb = "monitoring.alert_silenced" if held else "monitoring.alert_unsilenced"
    note_alert(alert, verb=verb)
    if not held:
        if alert.notifications.exists():
            notifying.remind(alert)
        else:
            announce(alert)
    _show(alert)


def _returned_from(alert: Alert) -> Alert | None:
    """The first of the group of its row before, where that one resolved a moment ago."""
    before = (
        Alert.objects.filter(
            project_id=alert.project_id,
            fingerprint=alert.fingerprint,
            pk__lt=alert.pk,
            silenced=False,
        )
        .select_related("lead")
        .order_by("-pk")
        .first()
    )
    ended = before.resolved_at if before else None
    if before is None or ended is None or ended < timezone.now() - HOLD:
        return None
    return before.head


def _leading(alert: Alert) -> Alert | None:
    """The first alert of the group it belongs to: the same upstream table, or the same deployment.

    That something else runs than is wanted stays a matter of its own: it ends by a decision, not by calm rows.
    """
    near = Q(deployment_id=alert.deployment_id, fired_at__gte=timezone.now() - WITHIN)
    near &= ~Q(monitor__kind=Monitor.Kind.DESIRED_STATE)
    shared = near if alert.deployment_id and not alert.tells_of_state else Q(pk=None)
    if alert.group:
        shared |= Q(group=alert.group)
    leads = Alert.objects.led().going_on().filter(shared, project_id=alert.project_id)
    return leads.filter(settled=True, silenced=False).exclude(pk=alert.pk).order_by("pk").first()


def _bind(alert: Alert) -> None:
    """Join what was told from outside to the deployment that its labels name, where the project has it."""
    place = _named(alert)
    if place is None:
        return
    release = deployments.live_release(place)
    alert.deployment, alert.version = place, release.version if release else None
    alert.save(update_fields=["deployment", "version"])


def _named(alert: Alert) -> Deployment | None:
    if alert.source != Alert.Source.INBOUND:
        return alert.deployment
    here = Deployment.objects.filter(project_id=alert.project_id)
    if slug := alert.labels.get("deployment"):
        return here.filter(slug=slug).first()
    if model := alert.labels.get("model"):
        found = list(here.filter(model__name=model)[:2])
        return found[0] if len(found) == 1 else None
    return None


def _show(alert: Alert) -> None:
    if alert.monitor is not None:
        live.changed(alert.monitor.topic)
    live.changed(alert.topic)
