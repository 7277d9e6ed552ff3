"""What the judge of a release found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.ui import numbers
from apps.deployments.models import Judgement

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
    told = f"Step {row.step + 1}: {row.get_verdict_display().lower()}"
    detail = " ".join([row.reason, *_words(row.figures)])
    return Finding(row.at, told, detail, tone, icon)


def _words(figures: Mapping[str, Any]) -> list[str]:
    """What it saw of each topic, and of how many requests."""
    told = [_sentence(each) for each in figures.get("topics", []) if each.get("words")]
    seen = figures.get("requests", {})
    if seen:
        new, live = numbers.compact(seen.get("new")), numbers.compact(seen.get("live"))
        told.append(f"Seen so far: {new} requests of the new version, {live} of the live one.")
    return told


def _sentence(topic: Mapping[str, Any]) -> str:
    return f"{str(topic['topic']).capitalize()}: {str(topic['words']).rstrip('.')}."
