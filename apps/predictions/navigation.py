"""How the states of erasures look."""

from __future__ import annotations

from apps.core.ui import states
from apps.core.ui.states import State

states.register(
    erasing=State("busy", "clock", "Erasing"), erased=State("good", "check-circle", "Erased")
)
