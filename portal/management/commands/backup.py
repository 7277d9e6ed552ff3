from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.commands import PortalCommand
from portal.env import ENV
from portal.operations import facts
from portal.operations.backup import back_up
from portal.operations.errors import Refused


class Command(PortalCommand):
    """Write databases, artifacts, lake and keys to one file; the portal may run meanwhile."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="for example portal.tar.gz, or portal.tar")

    def handle(self, *args: Any, **options: Any) -> None:
        target = options["file"].absolute()
        try:
            manifest = back_up(
                ENV, to=target, version=facts.version(), migrations=facts.applied_migrations()
            )
        except Refused as error:
            raise CommandError(str(error)) from error
        for note in manifest.left_out:
            self.stderr.write(f"Not in it: {note}")
        size = target.stat().st_size / 1e6
        self.stdout.write(f"{target}: {len(manifest.members)} files, {size:.1f} MB")
