"""What a page about an incident may listen to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.incidents.models import Incident


def _incident(user: Person, key: str) -> bool:
    known = key.isascii() and key.isdigit() and len(key) < 19
    return known and Incident.objects.visible_to(user).filter(pk=int(key)).exists()


live.topic("incident", _incident)
