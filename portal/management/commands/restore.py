from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.commands import PortalCommand
from portal.embedded.launch import CannotStart
from portal.env import ENV
from portal.operations import facts
from portal.operations.backup import back_up
from portal.operations.errors import Refused
from portal.operations.restore import restore


class Command(PortalCommand):
    """Put a backup in the place of an empty workspace, or with --force of the present one."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace a workspace in use")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest, former = restore(
                ENV,
                source=options["file"].absolute(),
                force=options["force"],
                known_migrations=facts.known_migrations(),
                keep=self._keep,
            )
        except (Refused, CannotStart) as error:
            raise CommandError(str(error)) from error
        if former:
            self.stderr.write(f"The former state is kept in {former}")
        self.stdout.write(f"Restored the state of {manifest.made}, version {manifest.version}")

    def _keep(self, path: Path) -> None:
        back_up(ENV, to=path, version=facts.version(), migrations=facts.applied_migrations())
