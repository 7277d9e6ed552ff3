"""Names and pages behind the ids that the ledger holds, for rows of one project alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from apps.deployments.models import Deployment
from apps.integrations.models import Connection
from apps.models.models import Gate, ModelVersion, OutOfBandMove, Promotion, RegisteredModel, Waiver
from apps.monitoring.models import Alert, Baseline, Monitor
from apps.projects.models import Environment

Subject = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """How a row is called, and where it is shown."""

    label: str
    url: str


def _rows() -> Mapping[str, QuerySet[Any]]:
    """The kinds of rows that changes are about, each with what its name reads."""
    return {
        "deployments.deployment": Deployment.objects.all(),
        "models.promotion": Promotion.objects.select_related("version__model", "environment"),
        "models.registeredmodel": RegisteredModel.objects.all(),
        "models.modelversion": ModelVersion.objects.select_related("model"),
        "models.gate": Gate.objects.select_related("model"),
        "models.waiver": Waiver.objects.select_related("gate", "version__model"),
        "models.outofbandmove": OutOfBandMove.objects.select_related("move", "model"),
        "monitoring.monitor": Monitor.objects.all(),
        "monitoring.baseline": Baseline.objects.defer("profiles", "sample").select_related(
            "deployment"
        ),
        "monitoring.alert": Alert.objects.all(),
        "integrations.connection": Connection.objects.all(),
        "projects.environment": Environment.objects.select_related("project"),
    }


def named(project_id: int, subjects: Iterable[Subject]) -> dict[Subject, Named]:
    """The names of those subjects that are rows of this project; what is gone has none."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind, key in subjects:
        if key.isdecimal():
            wanted[kind].add(key)
    known = _rows()
    return {
        (kind, str(row.pk)): _named(row)
        for kind, keys in wanted.items()
        if kind in known
        for row in known[kind].filter(project_id=project_id, pk__in=keys)
    }


def _named(row: Model) -> Named:
    where = getattr(row, "get_absolute_url", None)
    if where is None and isinstance(row, Gate):
        return Named(f"{row.kind} of {row.model}", row.model.get_absolute_url())
    if where is None and isinstance(row, Waiver):
        return Named(str(row), row.version.get_absolute_url())
    if where is None and isinstance(row, Baseline | Environment):
        owner = row.deployment if isinstance(row, Baseline) else row.project
        return Named(str(row), owner.get_absolute_url())
    return Named(str(row), where() if where else "")
