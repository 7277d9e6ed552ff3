"""The model rooms in the rail, and how a promotion's states look."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.models import selectors


def _waiting(user: AbstractBaseUser | AnonymousUser) -> int:
    return selectors.decidable(user).count() if isinstance(user, AbstractUser) else 0


register(Item("Models", "model", "models:list", order=30, count=_waiting))
states.register(
    checking=State("busy", "play", "Checking gates"),
    refused=State("bad", "close", "Refused by a gate"),
    waiting=State("warn", "clock", "Waiting for approval"),
    declined=State("bad", "close", "Declined"),
)
