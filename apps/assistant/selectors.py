from __future__ import annotations

from apps.assistant.models import Exchange, ExchangeQuerySet
from apps.core.access import Person


def exchanges(user: Person) -> ExchangeQuerySet:
    """What the person has asked, newest first."""
    return Exchange.objects.visible_to(user).order_by("-pk")
