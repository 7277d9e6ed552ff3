"""The judge of releases: sequential tests that may be looked at again and again. No Django here."""

from apps.deployments.judge.events import Memory, Side, Stretch
from apps.deployments.judge.verdict import TOPICS, Finding, Report, Rules, Verdict, look

__all__ = [
    "TOPICS",
    "Finding",
    "Memory",
    "Report",
    "Rules",
    "Side",
    "Stretch",
    "Verdict",
    "look",
]
