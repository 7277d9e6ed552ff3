"""Deployments in the rail, and how the states of releases and model servers look."""

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State

register(Item("Deployments", "deploy", "deployments:list", order=40))
states.register(
    starting=State("busy", "play", "Starting"),
    moving=State("busy", "arrow-right", "Moving"),
    paused=State("warn", "pause", "Paused"),
    aborted=State("idle", "cancelled", "Aborted"),
    superseded=State("idle", "history", "Superseded"),
    wanted=State("idle", "clock", "Wanted"),
    ready=State("good", "check", "Ready"),
)
