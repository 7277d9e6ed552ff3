"""The judge of releases: sequential tests that may be looked at again and again. No Django here."""

from apps.deployments.judge.events import SCORES, Memory, Side, Stretch, Value
from apps.deployments.judge.verdict import TOPICS, Finding, Report, Rules, Verdict, look

__all__ = [
    "SCORES",
    "TOPICS",
    "Finding",
    "Memory",
    "Report",
    "Rules",
    "Side",
    "Stretch",
    "Value",
    "Verdict",
    "look",
]
