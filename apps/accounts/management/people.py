from __future__ import annotations

from django.core.management.base import CommandError

from apps.accounts import selectors
from apps.accounts.models import User


def user_named(text: str) -> User:
    """Whom a command line means, by name or address."""
    if user := selectors.user_signing_in(text.replace("\x00", "")):
        if user.is_active:
            return user
        raise CommandError(f"{text} is deactivated; a site admin can reactivate them")
    raise CommandError(f"there is no user {text}")
