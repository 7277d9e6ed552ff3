"""Figures written to where a connection says so, every minute."""

from __future__ import annotations

from typing import cast

from django.utils import timezone

from apps.deployments.models import Deployment
from apps.integrations import catalog, opening
from apps.integrations.models import Connection
from apps.integrations.ports import MetricSink
from apps.monitoring import figures


def takers() -> list[int]:
    """The enabled connections that want metrics; asked without opening their secrets."""
    found = Connection.objects.enabled().filter(slug__in=catalog.providing(MetricSink))
    return [row.pk for row in found if _sketched(row).wants_metrics]


def push(connection_id: int) -> int:
    """Write what the connection's project shows now; answers how many figures. None where it wants none.

    A site-wide connection gets the figures of every project.
    """
    row = Connection.objects.enabled().filter(pk=connection_id).first()
    if row is None:
        return 0
    sink = cast(MetricSink, opening.connector(row))
    if not sink.wants_metrics:
        return 0
    deployments = Deployment.objects.filter(retired_at__isnull=True)
    if row.project_id is not None:
        deployments = deployments.filter(project_id=row.project_id)
    lines = figures.lines(deployments, timezone.now())
    sink.push(lines)
    return len(lines)


def _sketched(row: Connection) -> MetricSink:
    return cast(MetricSink, row.entry.load().sketch(row.values))
