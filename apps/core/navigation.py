from apps.core.ui import navigation
from apps.core.ui.navigation import Item

navigation.register(Item("Home", "home", "core:home", order=0))
navigation.register(Item("Jobs", "job", "core:jobs", section="house", order=10))
