"""What documents may show of monitors, and which monitors have no runbook."""

from __future__ import annotations

from typing import Any

from apps.core.access import Person
from apps.core.errors import NotFound
from apps.docs import blocks, inside, needs
from apps.docs.blocks import Answer, Asked
from apps.docs.needs import Lack
from apps.monitoring.models import Monitor

MOST = 100


def monitor(asked: Asked) -> Answer:
    """The present state of the monitor of that name in the document's project."""
    found = Monitor.objects.visible_to(asked.user).filter(project_id=asked.project_id)
    row = found.select_related("deployment").filter(name=asked.text).order_by("pk").first()
    if row is None:
        raise NotFound(what=f"monitor called {asked.text[:100]} in this project")
    return Answer(
        title=row.name,
        state=row.state,
        sentence=row.failure or f"{row.get_kind_display()} on {row.deployment.slug}",
        url=row.get_absolute_url(),
        columns=["Part", "Value", "Rows", "At"],
        rows=_values(row),
    )


def _values(row: Monitor) -> list[list[str]]:
    """The newest point of each series; monitors of drift have a verdict instead."""
    newest = row.measurements.order_by("part", "-at").distinct("part")[:MOST]
    shown = [
        [point.part or "whole", f"{point.value:.4g}", str(point.rows), f"{point.at:%Y-%m-%d %H:%M}"]
        for point in newest
    ]
    if shown:
        return shown
    verdict = row.verdicts.first()
    if verdict is None:
        return []
    return [["whole", verdict.level, str(verdict.rows), f"{verdict.at:%Y-%m-%d %H:%M}"]]


def without_runbook(user: Person) -> list[Lack]:
    """Monitors that look, and whose alert would come without a word on what to do."""
    found = Monitor.objects.visible_to(user).filter(runbook=None, enabled=True)
    return [
        Lack(row.name, row.project.name, row.get_absolute_url())
        for row in found.select_related("project").order_by("name")[:MOST]
    ]


def _exists(project_id: int, values: dict[str, Any]) -> bool:
    return Monitor.objects.filter(pk=values["pk"], project_id=project_id).exists()


blocks.register("monitor", monitor)
needs.register("Monitors without a runbook", without_runbook)
inside.register("monitoring:monitor", _exists)
