from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts import adapters
from apps.accounts.management.people import user_named
from apps.core.commands import PortalCommand


class Command(PortalCommand):
    help = "Let somebody try to sign in again at once after too many wrong passwords."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name or e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["user"])
        adapters.forget_failures(user)
        self.stdout.write(f"{user.username} may try again.")
