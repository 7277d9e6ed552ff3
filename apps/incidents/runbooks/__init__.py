"""A runbook in hand: its steps in one incident, and what they do."""

from apps.incidents.runbooks import verbs, verbs_monitoring, verbs_training
from apps.incidents.runbooks.marking import mark, note_check, reopen
from apps.incidents.runbooks.remedies import apply
from apps.incidents.runbooks.running import approve, ask, withdraw
from apps.incidents.runbooks.taking import take

__all__ = [
    "apply",
    "approve",
    "ask",
    "mark",
    "note_check",
    "reopen",
    "take",
    "verbs",
    "verbs_monitoring",
    "verbs_training",
    "withdraw",
]
