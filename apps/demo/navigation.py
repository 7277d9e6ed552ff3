"""The demo in the rail, and how its states look."""

from __future__ import annotations

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.demo import selectors

register(Item("Demo", "play", "demo:index", section="house", order=5, visible=selectors.may_look))
states.register(
    seeding=State("busy", "refresh", "Being set up"),
    removed=State("idle", "close", "Removed"),
)
