"""What a page about a monitor may listen to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.monitoring.models import Alert, Monitor


def _monitor(user: Person, key: str) -> bool:
    known = key.isascii() and key.isdigit() and len(key) < 19
    return known and Monitor.objects.visible_to(user).filter(pk=int(key)).exists()


def _alert(user: Person, key: str) -> bool:
    known = key.isascii() and key.isdigit() and len(key) < 19
    return known and Alert.objects.visible_to(user).filter(pk=int(key)).exists()


live.topic("monitor", _monitor)
live.topic("alert", _alert)
