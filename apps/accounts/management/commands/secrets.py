from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.accounts import services
from apps.core.commands import PortalCommand


class Command(PortalCommand):
    help = "Encrypt every stored secret anew under the first of FIELD_ENCRYPTION_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["rotate"])

    def handle(self, *args: Any, **options: Any) -> None:
        rotation = services.rotate_secrets()
        self.stdout.write(f"{rotation.done} secrets are now encrypted under the first key.")
        for place in rotation.lost:
            self.stdout.write(f"No present key opens {place}: enter that secret again.")
        if rotation.lost:
            raise CommandError(f"{len(rotation.lost)} secrets cannot be read; keep the old keys.")
        self.stdout.write("The other keys can be removed.")
