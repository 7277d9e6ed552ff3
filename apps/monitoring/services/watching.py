"""Watch a deployment with one click: the monitors that make sense for what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.deployments.models import Deployment
from apps.monitoring.models import Baseline, Monitor
from apps.monitoring.services.monitors import create_monitor
from apps.predictions.models import Batch
from apps.predictions.models import Kind as Logged

Kind = Monitor.Kind


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A monitor that the deployment could have, and why."""

    kind: Monitor.Kind
    why: str
    every_seconds: int = 60
    settings: dict[str, Any] = field(default_factory=dict)


ALWAYS = (
    Suggestion(Kind.TRAFFIC, "tells when requests stop"),
    Suggestion(Kind.LATENCY, "tells when answers become slow"),
    Suggestion(Kind.ERRORS, "tells when answers fail"),
    Suggestion(Kind.STALENESS, "tells when the version or its data is old", 3600),
    Suggestion(Kind.PREDICTION_DRIFT, "compares answers with those before them", 300),
)
WITH_BASELINE = (
    Suggestion(Kind.INPUT_DRIFT, "compares inputs with the baseline", 300),
    Suggestion(Kind.DATA_QUALITY, "checks types, ranges and categories", 300),
)
WITH_TRUTH = (
    Suggestion(Kind.PERFORMANCE, "measures rows whose truth is known", 3600),
    Suggestion(Kind.LABELS, "tells when ground truth stops coming", 3600),
)


def suggestions(*, deployment: Deployment) -> list[Suggestion]:
    """The sensible monitors that the deployment does not have yet."""
    found = list(ALWAYS)
    if _baseline(deployment) is not None:
        found += WITH_BASELINE
    if Batch.objects.filter(deployment_id=deployment.pk, kind=Logged.TRUTH).exists():
        found += WITH_TRUTH
    have = set(deployment.monitors.values_list("kind", flat=True))
    return [each for each in found if each.kind not in have]


@transaction.atomic
def watch_deployment(*, deployment: Deployment, by: AbstractUser) -> list[Monitor]:
    """Create the monitors that make sense and are not there. Safe to run twice: the second adds none."""
    # Lock the deployment, so that two clicks make one set.
    Deployment.objects.select_for_update(of=("self",)).get(pk=deployment.pk)
    baseline = _baseline(deployment)
    names = set(deployment.monitors.values_list("name", flat=True))
    return [
        create_monitor(
            deployment=deployment,
            baseline=baseline if each in WITH_BASELINE else None,
            kind=each.kind,
            name=_name(each.kind.label, names),
            settings=each.settings,
            every_seconds=each.every_seconds,
            by=by,
        )
        for each in suggestions(deployment=deployment)
    ]


def _baseline(deployment: Deployment) -> Baseline | None:
    return deployment.baselines.order_by("-pk").first()


def _name(wanted: str, taken: set[str]) -> str:
    numbered = (f"{wanted} {number}" for number in range(2, 1000))
    return next(name for name in (wanted, *numbered) if name not in taken)
