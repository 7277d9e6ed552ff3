"""The assistant in the rail."""

from apps.core.ui.navigation import Item, register

register(Item("Assistant", "assistant", "assistant:index", order=80))
