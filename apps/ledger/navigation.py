from apps.core.ui import navigation
from apps.core.ui.navigation import Item

navigation.register(Item("Audit", "audit", "ledger:audit", section="house", order=30))
