"""The gate over error budgets: no objective of the model's deployments has spent its own."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from apps.models import gates
from apps.models.gates import Candidate, Finding, Kind, Settings
from apps.monitoring import selectors_objectives
from apps.monitoring.models import Slo


class BudgetLeft(Settings):
    """The error budget of each objective, as it was counted last."""

    only_here: bool = Field(
        default=False, description="Ask the deployments in the same environment alone."
    )
    at_least: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Share of the budget that must be left."
    )
    objective_needed: bool = Field(
        default=False, description="Without any objective the gate does not pass."
    )


def budget(candidate: Candidate, settings: BudgetLeft) -> Finding:
    """Look at what is left of each budget."""
    where = candidate.environment if settings.only_here else None
    found = selectors_objectives.of_model(candidate.version.model, where)
    known = [slo for slo in found if slo.budget_left is not None]
    short = [slo for slo in known if _lacks(slo, settings.at_least)]
    evidence: dict[str, Any] = {
        "objectives": [
            {"slo": slo.pk, "budget_left": slo.budget_left, "state": slo.state}
            for slo in found[:200]
        ]
    }
    if short:
        worst = min(short, key=lambda slo: slo.budget_left or 0.0)
        left = f"{worst.name} on {worst.deployment.slug} has {worst.budget_left:.0%} of its budget left"
        return Finding(False, f"{left}, and more than {settings.at_least:.0%} is needed.", evidence)
    if not known:
        said = "No objective of the model's deployments has been counted yet."
        return Finding(not settings.objective_needed, said, evidence)
    return Finding(True, f"Each of {len(known)} objectives has budget left.", evidence)


def _lacks(slo: Slo, at_least: float) -> bool:
    left = slo.budget_left or 0.0
    return left <= 0 or left < at_least


gates.register(
    Kind(
        "budget",
        "Error budget left",
        "No objective of the model's deployments has spent its error budget.",
        BudgetLeft,
        budget,
    )
)
