"""What the audit page listens to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person


def _chain(user: Person, key: str) -> bool:
    return key == "chain" and bool(user.is_active)


live.topic("ledger", _chain)
