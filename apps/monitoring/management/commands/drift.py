from __future__ import annotations

from argparse import Namespace
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.monitoring import cli


class Command(PortalCommand):
    """Two files to a verdict; `manage.py` itself runs it without loading Django."""

    help = "Say whether the rows of one Parquet or CSV file look different from another's."

    def add_arguments(self, parser: CommandParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cli.run(Namespace(**options))
        except PortalError as error:
            raise CommandError(str(error)) from error
