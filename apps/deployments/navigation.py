"""Deployments in the rail, and how the states of releases and model servers look."""

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State

register(Item("Deployments", "deploy", "deployments:list", order=40))
states.register(
    starting=State("busy", "play", "Starting"),
    superseded=State("idle", "history", "Superseded"),
    wanted=State("idle", "clock", "Wanted"),
    ready=State("good", "check", "Ready"),
)
