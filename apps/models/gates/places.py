"""Gates over the place and the moment."""

from __future__ import annotations

from apps.models.gates.kinds import Candidate, Finding, Kind, Settings, register
from apps.projects import selectors as projects


class NoSettings(Settings):
    """Nothing to set."""


def freeze_window(candidate: Candidate, settings: NoSettings) -> Finding:
    """Ask the project whether the environment is frozen at this moment."""
    environment = candidate.environment
    if (freeze := projects.freeze_at(environment)) is None:
        return Finding(True, f"{environment.name} is not frozen now.", {"freeze": None})
    sentence = f"{environment.name} is frozen until {freeze.ends_at:%Y-%m-%d %H:%M} UTC."
    evidence = {"freeze": freeze.pk, "ends_at": freeze.ends_at.isoformat()}
    return Finding(False, f"{sentence} {freeze.reason}", evidence)


register(
    Kind(
        "freeze_window",
        "Not frozen",
        "The environment is in no freeze window at the moment of the promotion.",
        NoSettings,
        freeze_window,
    )
)
