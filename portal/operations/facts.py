"""What a backup says about the code that made it."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader


def version() -> str:
    return str(settings.VERSION)


def applied_migrations() -> list[str]:
    """What the tables of the portal's database are."""
    return sorted(map(".".join, MigrationLoader(connection).applied_migrations))


def known_migrations() -> set[str]:
    """What this code can bring tables to, or take over."""
    loader = MigrationLoader(None)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return {".".join(key) for key in {*loader.disk_migrations, *replaced}}
