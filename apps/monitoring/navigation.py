"""Monitoring in the rail, and how the states of monitors look."""

from __future__ import annotations

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.monitoring import selectors

register(
    Item(
        "Monitoring",
        "monitor",
        "monitoring:list",
        order=50,
        waiting=lambda user: selectors.alerts(user).firing(),
    )
)
states.register(
    calm=State("good", "check-circle", "Calm"),
    too_few=State("idle", "clock", "Too few rows"),
    alerting=State("bad", "flame", "Alerting"),
    met=State("good", "check-circle", "Met"),
    burning=State("warn", "flame", "Burning too fast"),
    spent=State("bad", "failed", "Budget spent"),
    critical=State("bad", "flame", "Critical"),
    warning=State("warn", "warning", "Warning"),
    info=State("idle", "dot", "Info"),
    useful=State("good", "check", "Useful"),
    noise=State("idle", "bell-off", "Noise"),
    sent=State("good", "check", "Sent"),
    dead=State("bad", "failed", "Given up"),
)
