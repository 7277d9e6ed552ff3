"""The model rooms in the rail, and how a promotion's states look."""

from __future__ import annotations

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.models import selectors

register(
    Item("Models", "model", "models:list", order=30, waiting=lambda user: selectors.decidable(user))
)
states.register(
    checking=State("busy", "play", "Checking gates"),
    refused=State("bad", "close", "Refused by a gate"),
    waiting=State("warn", "clock", "Waiting for approval"),
    declined=State("bad", "close", "Declined"),
    adopting=State("busy", "play", "Being adopted"),
    reverting=State("busy", "undo", "Being reverted"),
    adopted=State("good", "check", "Adopted"),
    reverted=State("good", "undo", "Reverted"),
    overtaken=State("idle", "history", "Overtaken"),
    waived=State("warn", "shield", "Waived"),
    withdrawn=State("idle", "undo", "Withdrawn"),
    retired=State("idle", "folder-open", "Retired"),
    minimal=State("good", "shield", "Minimal"),
    limited=State("warn", "shield", "Limited"),
    high=State("bad", "shield", "High"),
)
