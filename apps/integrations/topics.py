"""Whose pages may hear that a connection changed."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.core.errors import PortalError
from apps.integrations import access


def _may_hear(user: Person, key: str) -> bool:
    try:
        access.connection(user, int(key))
    except (PortalError, ValueError):
        return False
    return True


live.topic("connection", _may_hear)
