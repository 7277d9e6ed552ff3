"""The home page's panel of what serves: traffic, quality and drift of each model at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core import home
from apps.deployments import selectors as deployments
from apps.deployments import tallies
from apps.deployments.models import Deployment
from apps.monitoring import selectors
from apps.monitoring.models import Monitor

Kinds = tuple[Monitor.Kind, ...]
MOST = 12
HOURS = 24
QUALITY: Kinds = (Monitor.Kind.PERFORMANCE, Monitor.Kind.ESTIMATED)
DRIFT: Kinds = (Monitor.Kind.INPUT_DRIFT, Monitor.Kind.PREDICTION_DRIFT)


@dataclass(frozen=True, slots=True)
class Glance:
    """One deployment in a line; a sparkline without values says so itself."""

    deployment: Deployment
    state: str
    traffic: list[int]
    quality: list[float] = field(default_factory=list)
    drift: list[float] = field(default_factory=list)


@home.panel
def in_service(user: AbstractUser) -> home.Panel | None:
    """What answers now, for everybody in its project; what alerts comes first."""
    serving = deployments.answering(user)
    watched: dict[int, list[Monitor]] = {}
    for monitor in selectors.watching([each.pk for each in serving]):
        watched.setdefault(monitor.deployment_id, []).append(monitor)
    ordered = sorted(serving, key=lambda each: (_state(watched.get(each.pk, ())), each.slug))
    if not ordered:
        return None
    rows = _glances(ordered[:MOST], watched)
    context = {"rows": rows, "more": len(ordered) - len(rows), "hours": HOURS}
    return home.Panel("Models in service", "monitoring/_home_panel.html", 40, context=context)


def _glances(shown: Sequence[Deployment], watched: dict[int, list[Monitor]]) -> list[Glance]:
    lately = timezone.now() - timedelta(hours=HOURS)
    asked = tallies.hourly([each.pk for each in shown], since=lately, hours=HOURS)
    chosen = {
        (each.pk, kinds): _first(watched.get(each.pk, ()), kinds)
        for each in shown
        for kinds in (QUALITY, DRIFT)
    }
    values = selectors.recent([monitor.pk for monitor in chosen.values() if monitor])

    def course(pk: int, kinds: Kinds) -> list[float]:
        monitor = chosen[pk, kinds]
        return values.get(monitor.pk, []) if monitor else []

    return [
        Glance(
            deployment=each,
            state=_state(watched.get(each.pk, ())),
            traffic=asked[each.pk],
            quality=course(each.pk, QUALITY),
            drift=course(each.pk, DRIFT),
        )
        for each in shown
    ]


def _first(monitors: Sequence[Monitor], kinds: Kinds) -> Monitor | None:
    """The monitor that says most of these kinds: of the first kind that there is, the oldest."""
    found = [each for each in monitors if each.kind in kinds]
    return min(
        found, key=lambda each: (kinds.index(Monitor.Kind(each.kind)), each.pk), default=None
    )


def _state(monitors: Sequence[Monitor]) -> str:
    """The worst that a monitor says; `unknown` where none looks."""
    order = (Monitor.State.ALERTING, Monitor.State.FAILING, Monitor.State.CALM)
    states = {each.state for each in monitors}
    return next((state.value for state in order if state in states), Monitor.State.UNKNOWN.value)
