from apps.core.ui import navigation
from apps.core.ui.navigation import Item

navigation.register(Item("Settings", "settings", "accounts:profile", section="house", order=40))
navigation.register(Item("API tokens", "key", "accounts:tokens", section="own", order=50))
