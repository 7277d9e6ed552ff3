"""The demo in the rail, and how its states look."""

from __future__ import annotations

from django.conf import settings

from apps.core.access import Person
from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.demo import selectors


def _is_theirs(user: Person) -> bool:
    """Asked on every page: where there is no demo, without a query."""
    return bool(settings.DEMO) and selectors.may_look(user)


register(Item("Demo", "play", "demo:index", section="house", order=5, visible=_is_theirs))
states.register(
    seeding=State("busy", "refresh", "Being set up"),
    removed=State("idle", "close", "Removed"),
)
