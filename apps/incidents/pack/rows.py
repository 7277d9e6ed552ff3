"""The rows behind the breach, and those that it is held against: plain values, bounded in number."""

from __future__ import annotations

from typing import Any

from apps.core.late import late
from apps.incidents.pack.case import Case
from apps.monitoring.models import Baseline
from apps.predictions import selectors as predictions

pa = late("pyarrow")
MOST_ROWS = 2000
Rows = list[dict[str, Any]]


def window(case: Case) -> Rows:
    """The inputs of the window that fired, oldest first; where it holds none, of the newest rows."""
    verdict, place = case.verdict, case.deployment
    if verdict is None or place is None:
        return []
    most = min(MOST_ROWS, verdict.rows or MOST_ROWS)
    rows = predictions.rows(place.pk, since=verdict.starts_at, until=verdict.ends_at)
    found = rows[-most:] or predictions.newest(place.pk, most)[::-1]
    return [dict(row.inputs) for row in found]


def reference(case: Case) -> Baseline | None:
    """The baseline of a monitor of the group; else the deployment's newest one that keeps rows."""
    for alert in case.alerts:
        if alert.monitor is not None and alert.monitor.baseline_id is not None:
            return Baseline.objects.get(pk=alert.monitor.baseline_id)
    if case.deployment is None:
        return None
    known = Baseline.objects.filter(project_id=case.project_id, deployment=case.deployment)
    return known.exclude(sample=None).first()


def sampled(baseline: Baseline) -> Rows:
    """The rows that a baseline keeps a sample of."""
    if baseline.sample is None:
        return []
    table = pa.ipc.open_stream(bytes(baseline.sample)).read_all()
    rows: Rows = table.slice(0, MOST_ROWS).to_pylist()
    return rows
