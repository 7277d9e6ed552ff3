from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from portal.operations import fresh

# With one of these somebody wants to see, or to choose, what is migrated.
CHOOSES = ("app_label", "plan", "check_unapplied", "fake", "prune", "one_by_one")


class Command(migrate.Command):
    """Django's own, one at a time, which makes the tables of an empty database at once."""

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--one-by-one",
            action="store_true",
            help="run each migration on an empty database too, as an older one was brought here",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill an empty database; the rest of the work is Django's. A second one waits for the first."""
        connection = connections[options["database"]]
        chosen = any(options.get(name) for name in CHOOSES)
        with fresh.alone(connection):
            if not chosen and fresh.fill(connection) and options["verbosity"]:
                self.stdout.write("The database was empty: every table was made at once")
            super().handle(*args, **options)
