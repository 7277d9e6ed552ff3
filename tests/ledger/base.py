"""What the ledger's tests share: a way to record, and a way past the trigger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from django.db import connection, transaction

from apps.ledger.models import Entry
from apps.ledger.services import record
from apps.projects.models import Project


def note(number: int, *, project: Project | None = None, **data: Any) -> Entry:
    """Record one entry about a made-up subject."""
    subject = SimpleNamespace(
        pk=number, _meta=SimpleNamespace(app_label="models", model_name="version")
    )
    with transaction.atomic():
        return record(
            actor=None,
            verb="models.changed",
            subject=subject,
            project_id=project.pk if project else None,
            data={"n": number, **data},
        )


@contextmanager
def unguarded() -> Iterator[None]:
    """What a superuser of the database can do: switch the triggers off."""
    tables = ("ledger_entry", "ledger_seal")
    _say(*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
    yield
    _say(*(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables))


def tamper(sql: str, *values: object) -> None:
    """Change the ledger behind the portal's back."""
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def _say(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
