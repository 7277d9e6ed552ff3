"""A Grafana dashboard of one deployment, over the figures that the portal gives out."""

from __future__ import annotations

import hashlib
from typing import Any

from apps.deployments.models import Deployment
from apps.monitoring import figures
from apps.monitoring.objectives.burning import SPEEDS

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 12, 8


def dashboard(row: Deployment) -> dict[str, Any]:
    """The JSON model that Grafana imports; its data source is chosen there."""
    where = f'project="{row.project.slug}",deployment="{row.slug}"'
    panels = [
        _panel(
            "Alerts that fire", f"sum by (severity) ({figures.FIRING}{{{where}}})", "{{severity}}"
        ),
        _panel("What monitors measure", f"{figures.VALUE}{{{where}}}", "{{monitor}} {{part}}"),
        _panel("Error budget left", f"{figures.BUDGET}{{{where}}}", "{{slo}}", "percentunit"),
        _burning(where),
    ]
    return {
        "uid": f"sbx-{hashlib.sha256(row.slug.encode()).hexdigest()[:32]}",
        "title": f"{row.slug} · Signalbox",
        "tags": ["signalbox", row.project.slug],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_choice()]},
        "panels": [_placed(number, panel) for number, panel in enumerate(panels)],
    }


def _choice() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
    }


def _panel(title: str, expr: str, legend: str, unit: str = "short") -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": expr, "legendFormat": legend}],
    }


def _burning(where: str) -> dict[str, Any]:
    panel = _panel("Burn rates", f"{figures.BURN}{{{where}}}", "{{slo}} over {{window}}")
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": "red", "value": speed.factor} for speed in reversed(SPEEDS)]
    panel["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps}
    return panel


def _placed(number: int, panel: dict[str, Any]) -> dict[str, Any]:
    place = {"x": WIDTH * (number % 2), "y": HEIGHT * (number // 2), "w": WIDTH, "h": HEIGHT}
    return {"id": number + 1, "gridPos": place, **panel}
