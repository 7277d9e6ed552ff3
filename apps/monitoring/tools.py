"""What the assistant may read of monitoring, each as the person asking may see it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core.tools import Found, told, tool
from apps.monitoring import selectors
from apps.monitoring import selectors_objectives as objectives
from apps.monitoring.models import Alert, Monitor, Slo

MOST = 10


@tool()
def alerts_now(*, user: AbstractUser, project: str | None = None) -> list[Found]:
    """The alerts that are firing."""
    found = selectors.alerts(user).firing()
    if project:
        found = found.filter(project__slug=project)
    return [
        Found(
            "alert",
            str(alert.pk),
            alert.name,
            alert.get_absolute_url(),
            f"{alert.summary}; firing since {alert.fired_at:%F %H:%M} UTC.",
        )
        for alert in found[:MOST]
    ]


@tool()
def alerts_of(
    *, user: AbstractUser, project: str | None = None, deployment: str = "", recent: bool = False
) -> list[Found]:
    """How many alerts fire, and the newest ones, also those that are over where `recent`."""
    found = selectors.alerts(user)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(deployment__slug=deployment) if deployment else found
    firing = found.filter(state=Alert.State.FIRING).count()
    where = f" for {deployment}" if deployment else f" in {project}" if project else ""
    count = f"{firing} alerts are firing{where}."
    key, facts = f"alerts:{deployment or project or ''}", {"count:alerts": count}
    head = told("count", key, "Alerts", "/monitoring/alerts/", facts)
    shown = found if recent else found.firing()
    return [head, *(_alert(row) for row in shown[:MOST])]


def _alert(row: Alert) -> Found:
    since = f"fired at {row.fired_at:%F %H:%M} UTC"
    ended = f", over since {row.resolved_at:%F %H:%M} UTC" if row.resolved_at else ""
    who = row.acknowledged_by.username if row.acknowledged_by_id and row.acknowledged_by else ""
    facts = {
        "alert": f"The alert {row.name} ({row.severity}) {since} "
        f"and is {row.get_state_display().lower()}{ended}: {row.summary}",
        "acknowledged": f"The alert {row.name} was acknowledged by {who}." if who else "",
    }
    return told("alert", row.pk, row.name, row.get_absolute_url(), facts)


@tool()
def monitors_of(
    *, user: AbstractUser, project: str | None = None, deployment: str = "", name: str = ""
) -> list[Found]:
    """The monitors of a deployment or project, each with its state and last verdict."""
    found = selectors.monitors(user)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(deployment__slug=deployment) if deployment else found
    found = found.filter(name=name) if name else found
    where = deployment or project or ""
    text = f"There are {found.count()} monitors{' for ' + where if where else ''}."
    head = told("count", f"monitors:{where}", "Monitors", "/monitoring/", {"count:monitors": text})
    return [head, *(_monitor(row) for row in found[:MOST])]


def _monitor(row: Monitor) -> Found:
    last = row.verdicts.defer("profiles").first()
    facts = {
        "monitor": f"The monitor {row.name} of {row.deployment.slug} looks for "
        f"{row.get_kind_display().lower()} and is {row.get_state_display().lower()}.",
        "verdict": f"The last verdict of the monitor {row.name} was {last.level} on {last.rows} rows "
        f"up to {last.ends_at:%F %H:%M} UTC."
        if last
        else "",
        "paused": "" if row.enabled else f"The monitor {row.name} is paused.",
    }
    return told("monitor", row.pk, row.name, row.get_absolute_url(), facts)


@tool()
def objectives_of(
    *, user: AbstractUser, project: str | None = None, deployment: str = ""
) -> list[Found]:
    """The objectives of a deployment or project and what is left of their error budgets."""
    found = objectives.slos(user)
    found = found.filter(project__slug=project) if project else found
    found = found.filter(deployment__slug=deployment) if deployment else found
    return [_objective(row) for row in found[:MOST]]


def _objective(row: Slo) -> Found:
    facts = {
        "objective": f"The objective {row.name} of {row.deployment.slug} is {row.percent:g} % "
        f"{row.get_indicator_display().lower()} over {row.window_days} days, "
        f"and it is {row.get_state_display().lower()}.",
        "budget": f"Of the error budget of {row.name}, {row.budget_left * 100:.1f} % is left."
        if row.budget_left is not None
        else f"Nothing has been measured for the objective {row.name} yet.",
    }
    return told("slo", row.pk, row.name, row.get_absolute_url(), facts)
