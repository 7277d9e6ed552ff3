from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.accounts import services
from apps.accounts.management.people import user_named
from apps.core.commands import PortalCommand
from apps.core.errors import PortalError


class Command(PortalCommand):
    help = "Make somebody a site admin, for when nobody is left who could do it on the page."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name or e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["user"])
        try:
            services.make_site_admin(person=user, by=None)
        except PortalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.username} runs the portal now.")
