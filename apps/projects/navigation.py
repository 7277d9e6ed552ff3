"""Projects in the rail."""

from apps.core.ui.navigation import Item, register

register(Item("Projects", "project", "projects:list", order=20))
