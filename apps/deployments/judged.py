"""What the judge of a release found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.ui import numbers
from apps.deployments.models import Judgement

MOST_FIGURES = 40
Verdict = Judgement.Verdict
TONES = {
    Verdict.WAIT: ("idle", "clock"),
    Verdict.GO_ON: ("good", "check"),
    Verdict.ROLL_BACK: ("bad", "undo"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One look of the judge, as a line of a timeline."""

    time: datetime
    text: str
    detail: str
    tone: str
    icon: str


def finding(row: Judgement) -> Finding:
    """A judgement as a line of a timeline."""
    tone, icon = TONES.get(Verdict(row.verdict), ("idle", "dot"))
    told = f"Step {row.step + 1}: {row.get_verdict_display()}"
    figures = "; ".join(_words(row.figures)[:MOST_FIGURES])
    reason = row.reason if not figures else f"{row.reason} ({figures})"
    return Finding(row.at, told, reason, tone, icon)


def _words(figures: Any, above: str = "") -> list[str]:
    """Each figure with its name."""
    if not isinstance(figures, Mapping):
        return []
    found: list[str] = []
    for name, value in figures.items():
        label = f"{above}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            found += _words(value, f"{label} ")
        elif isinstance(value, bool):
            found.append(f"{label}: {'yes' if value else 'no'}")
        elif isinstance(value, int | float):
            found.append(f"{label} {numbers.compact(value)}")
        elif isinstance(value, str) and value:
            found.append(f"{label}: {value}")
    return found
