"""What a page about a monitor may listen to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.monitoring.models import Monitor


def _monitor(user: Person, key: str) -> bool:
    known = key.isascii() and key.isdigit() and len(key) < 19
    return known and Monitor.objects.visible_to(user).filter(pk=int(key)).exists()


live.topic("monitor", _monitor)
