"""Incidents in the rail, and how their states look."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.incidents import selectors


def _open(user: AbstractBaseUser | AnonymousUser) -> int:
    return selectors.incidents(user).open().count() if isinstance(user, AbstractUser) else 0


register(Item("Incidents", "incident", "incidents:list", order=60, count=_open))
states.register(
    triggered=State("bad", "incident", "Triggered"),
    closed=State("idle", "check", "Closed"),
)
