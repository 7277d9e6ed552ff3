"""The gate over drift: no monitor of the model says act."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from apps.models import gates
from apps.models.gates import Candidate, Finding, Kind, Settings
from apps.monitoring import selectors
from apps.monitoring.levels import Level


class NoDrift(Settings):
    """The newest verdict of each monitor of the model's deployments."""

    only_here: bool = Field(
        default=False, description="Ask the deployments in the same environment alone."
    )
    verdict_needed: bool = Field(
        default=False, description="Without any verdict the gate does not pass."
    )


def drift(candidate: Candidate, settings: NoDrift) -> Finding:
    """Look at what the monitors of the model said last."""
    where = candidate.environment if settings.only_here else None
    found = selectors.newest_verdicts(candidate.version.model, where)
    acting = [each for each in found if each.level == Level.ACT]
    evidence: dict[str, Any] = {
        "verdicts": [
            {"monitor": each.monitor_id, "verdict": each.pk, "level": each.level}
            for each in found[:200]
        ]
    }
    if acting:
        first = acting[0]
        sentence = f"{first.monitor.name} on {first.monitor.deployment} says act"
        return Finding(False, f"{sentence}, over {first.rows} rows.", evidence)
    if not found:
        passed = not settings.verdict_needed
        return Finding(passed, "No monitor of the model has given a verdict yet.", evidence)
    return Finding(True, f"None of {len(found)} monitors says act.", evidence)


gates.register(
    Kind(
        "drift",
        "No drift",
        "The newest verdict of no monitor of the model's deployments is act.",
        NoDrift,
        drift,
    )
)
