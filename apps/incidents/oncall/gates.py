"""The gate over whoever would be called: somebody is on call now and in the days ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field

from apps.incidents.oncall import selectors
from apps.models.gates import Candidate, Finding, Kind, Settings


class OnCallPresent(Settings):
    """Somebody is on call without a gap."""

    days: int = Field(default=7, ge=1, le=31, description="So many days from now on.")


def on_call_present(candidate: Candidate, settings: OnCallPresent) -> Finding:
    """Whether the project's policy has somebody on call now and without a gap in the days ahead."""
    project = candidate.version.model.project
    lacking = selectors.lacking(project, timedelta(days=settings.days))
    evidence: dict[str, Any] = {"days": settings.days, "gaps": lacking}
    if not lacking:
        return Finding(
            True, f"Somebody is on call now and in the next {settings.days} days.", evidence
        )
    more = f" {len(lacking) - 1} more." if len(lacking) > 1 else ""
    return Finding(False, f"{lacking[0]}{more}", evidence)


KIND = Kind(
    "on_call_present",
    "On call present",
    "Somebody is on call for the project now and in the days ahead, without a gap.",
    OnCallPresent,
    on_call_present,
)
