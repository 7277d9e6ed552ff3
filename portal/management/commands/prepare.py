from __future__ import annotations

import io
import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.core.commands import PortalCommand
from portal.operations.upgrade import back_up_before_upgrade


class Command(PortalCommand):
    """Bring the database to this version and fill an empty one; `up` runs it at every start."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sign-in-to", type=int, metavar="FD", help="where `up` listens")
        parser.add_argument(
            "--no-backup", action="store_true", help="where the database's own backups are enough"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            if executor.loader.applied_migrations and not options["no_backup"]:
                self.stderr.write(f"Kept a backup first: {back_up_before_upgrade()}")
            call_command("migrate", interactive=False, verbosity=1, stdout=self.stderr)
        sign_in = io.StringIO()
        call_command("bootstrap", stdout=sign_in)
        self._tell(sign_in.getvalue(), options["sign_in_to"])

    def _tell(self, sign_in: str, descriptor: int | None) -> None:
        if descriptor is None:
            self.stdout.write(sign_in)
            return
        with os.fdopen(descriptor, "w") as listener:
            listener.write(sign_in)
