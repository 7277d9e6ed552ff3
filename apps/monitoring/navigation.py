"""Monitoring in the rail, and how the states of monitors look."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser

from apps.core.ui import states
from apps.core.ui.navigation import Item, register
from apps.core.ui.states import State
from apps.monitoring import selectors


def _firing(user: AbstractBaseUser | AnonymousUser) -> int:
    return selectors.alerts(user).firing().count() if isinstance(user, AbstractUser) else 0


register(Item("Monitoring", "monitor", "monitoring:list", order=50, count=_firing))
states.register(
    calm=State("good", "check-circle", "Calm"),
    too_few=State("idle", "clock", "Too few rows"),
    alerting=State("bad", "flame", "Alerting"),
)
