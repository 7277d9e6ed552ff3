from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts import services
from apps.accounts.management.people import user_named
from apps.core.commands import PortalCommand


class Command(PortalCommand):
    help = "Remove the second factors of somebody who lost them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name or e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["user"])
        count = services.remove_second_factors(person=user, by=None)
        self.stdout.write(f"{count} second factors of {user.username} are removed.")
