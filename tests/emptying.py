"""What a test committed goes again: only the tables that hold something are emptied, and no signal is sent.

Django truncates all two hundred tables after each such test and makes every permission anew, a second of work. The
rows of its own catalogue (content types, permissions) are those of the migrations, and stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

STAY = frozenset({"django_migrations", "django_content_type", "auth_permission"})


def install() -> None:
    """Let every test that commits clean up in this way, those of pytest-django's fixtures too."""
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[method-assign]


def _empty(self: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_question())
        filled = [name for (name,) in cursor.fetchall()]
        guarded = [name for name in filled if name in _guarded()]
        # The guards of the ledger and its like refuse what no portal ever asks.
        _each(cursor, guarded, "ALTER TABLE {} DISABLE TRIGGER USER")
        _each(cursor, filled, "DELETE FROM {}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _each(cursor, guarded, "ALTER TABLE {} ENABLE TRIGGER USER")


def _each(cursor: Any, names: Iterable[str], statement: str) -> None:
    if text := "; ".join(statement.format(name) for name in names):
        cursor.execute(text)


@lru_cache(maxsize=1)
def _question() -> str:
    """One statement that names the tables with a row."""
    with connection.cursor() as cursor:
        names = set(connection.introspection.table_names(cursor)) - STAY
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in sorted(names)
    )


@lru_cache(maxsize=1)
def _guarded() -> frozenset[str]:
    """The tables with triggers of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        )
        return frozenset(name for (name,) in cursor.fetchall())
