"""Documents in the rail."""

from apps.core.ui.navigation import Item, register

register(Item("Docs", "doc", "docs:list", order=70))
