"""What a notification says: the same facts for every receiver, in the receiver's own shape."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from apps.integrations.ports import AlertNotice
from apps.monitoring.alerting import labels
from apps.monitoring.models import Alert, Notification, Route, Severity

MOST_FEATURES = 10


def notice(one: Notification) -> AlertNotice:
    """The notice of one telling; its link leads to the alert's page."""
    alert = one.alert
    over = one.event == Notification.RESOLVED
    word = "Resolved" if over else "Still firing" if one.event.startswith("again") else "Firing"
    return AlertNotice(
        title=f"{word}: {alert.name}"[:200],
        text=alert.summary,
        url=address(alert),
        urgent=alert.severity == Severity.CRITICAL and not over,
        key=f"signalbox:{alert.head.pk}",
        resolved=over,
        severity=alert.severity,
        facts=tuple(facts(alert)),
        labels=labels.shown(alert),
        annotations={"summary": alert.summary, **_texts(alert.annotations)},
        starts_at=alert.fired_at,
        ends_at=(alert.resolved_at or timezone.now()) if over else None,
        route=one.route.name,
    )


def facts(alert: Alert) -> list[tuple[str, str]]:
    """What one wants to know before opening the page."""
    found = [("Severity", str(alert.get_severity_display()))]
    if alert.deployment is not None:
        found.append(("Deployment", alert.deployment.slug))
    if alert.group:
        found.append(("Group", alert.group))
    names = [str(feature.get("name", "")) for feature in alert.features[:MOST_FEATURES]]
    if names:
        found.append(("Features", ", ".join(names)))
    found.append(("Fired", f"{alert.fired_at:%F %H:%M:%S} UTC"))
    return found


def of_test(route: Route) -> AlertNotice:
    """A notice that says that it is a test."""
    return AlertNotice(
        title=f"Test of the route {route.name}",
        text="Somebody tests this route. Nothing fires, and nothing needs to be done.",
        url=f"{settings.PUBLIC_URL}{reverse('monitoring:route', args=[route.pk])}",
        key=f"signalbox:test:{route.pk}",
        severity=Severity.INFO,
        labels={labels.NAME: "SignalboxTest", "severity": "info", "route": route.name},
        annotations={"summary": f"Test of the route {route.name}"},
        starts_at=timezone.now(),
        ends_at=timezone.now(),
        route=route.name,
        resolved=True,
    )


def address(alert: Alert) -> str:
    """The alert's page, as a receiver outside of the portal opens it."""
    return f"{settings.PUBLIC_URL}{alert.get_absolute_url()}"


def _texts(annotations: dict[str, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in annotations.items()}
