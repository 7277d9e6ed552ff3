"""Connections in the rail, and the looks of their states."""

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State

register(Item("Connections", "connection", "integrations:index", section="house", order=20))
states.register(
    received=State("busy", "download", "Received"),
    handled=State("good", "check", "Handled"),
    delivered=State("good", "check", "Delivered"),
    given_up=State("bad", "failed", "Given up"),
)
