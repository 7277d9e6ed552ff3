"""Incidents in the rail, and how their states look."""

from __future__ import annotations

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.incidents import selectors

register(
    Item(
        "Incidents",
        "incident",
        "incidents:list",
        order=60,
        waiting=lambda user: selectors.incidents(user).open(),
    )
)
register(Item("How I am paged", "bell", "incidents:me", section="own", order=60))
states.register(
    nobody_on_call=State("bad", "warning", "Nobody"),
    paged=State("bad", "bell", "Paged"),
    triggered=State("bad", "incident", "Triggered"),
    closed=State("idle", "check", "Closed"),
    skipped=State("idle", "close", "Skipped"),
    waiting=State("warn", "clock", "Waiting for approval"),
    operational=State("good", "check-circle", "Operational"),
    outage=State("bad", "failed", "Outage"),
    overdue=State("warn", "clock", "Overdue"),
)
