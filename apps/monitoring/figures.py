"""What monitoring tells others in figures: newest values, alerts that fire, budgets that are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from apps.deployments.models import Deployment
from apps.integrations.ports import Line, Sample
from apps.monitoring.models import Alert, Measurement, Severity, Slo

VALUE = "signalbox_monitor_value"
FIRING = "signalbox_alerts_firing"
BUDGET = "signalbox_slo_budget_left"
BURN = "signalbox_slo_burn_rate"
OBJECTIVE = "signalbox_slo_objective"
ABOUT = {
    VALUE: "Newest value that a monitor measured, of the last day.",
    FIRING: "Alerts of a deployment that fire.",
    BUDGET: "Share of an objective's error budget that is left; negative where it is overspent.",
    BURN: "Times as fast as the budget allows, by window.",
    OBJECTIVE: "The share that is promised to be good.",
}
FRESH = timedelta(days=1)

Rows = QuerySet[Deployment]


def lines(deployments: Rows, now: datetime) -> list[Line]:
    """Every figure of the deployments, each once, as of `now`; three queries however many they are."""
    parts: tuple[Callable[[Rows, datetime], Iterator[Line]], ...] = (_values, _alerts, _budgets)
    return [line for part in parts for line in part(deployments, now)]


def _values(deployments: Rows, now: datetime) -> Iterator[Line]:
    found = Measurement.objects.filter(
        monitor__deployment__in=deployments, at__gte=now - FRESH, at__lte=now
    )
    newest = found.order_by("monitor_id", "part", "-at").distinct("monitor_id", "part")
    for row in newest.select_related("monitor__deployment__project"):
        labels = {
            **_where(row.monitor.deployment),
            "monitor": row.monitor.name,
            "kind": row.monitor.kind,
            "part": row.part,
        }
        yield Line(VALUE, labels, Sample(now, row.value))


def _alerts(deployments: Rows, now: datetime) -> Iterator[Line]:
    counts = {
        f"n_{severity}": Count(
            "alerts", filter=Q(alerts__state=Alert.State.FIRING, alerts__severity=severity)
        )
        for severity in Severity.values
    }
    for row in deployments.select_related("project").annotate(**counts):
        for severity in Severity.values:
            count = float(getattr(row, f"n_{severity}"))
            yield Line(FIRING, {**_where(row), "severity": severity}, Sample(now, count))


def _budgets(deployments: Rows, now: datetime) -> Iterator[Line]:
    found = Slo.objects.filter(deployment__in=deployments, enabled=True)
    for slo in found.select_related("deployment__project"):
        labels = {**_where(slo.deployment), "slo": slo.name, "indicator": slo.indicator}
        yield Line(OBJECTIVE, labels, Sample(now, slo.objective))
        if slo.budget_left is not None:
            yield Line(BUDGET, labels, Sample(now, slo.budget_left))
        for window, rate in slo.burn_rates.items():
            if rate is not None:
                yield Line(BURN, {**labels, "window": window}, Sample(now, rate))


def _where(row: Deployment) -> dict[str, str]:
    return {"project": row.project.slug, "deployment": row.slug}
