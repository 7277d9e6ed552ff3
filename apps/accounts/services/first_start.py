from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from apps.accounts.models import User
from apps.accounts.services.people import create_person, make_site_admin

ADMIN = "admin"
LOCK = 7_201_001  # pg_advisory_xact_lock: one first start at a time


@dataclass(frozen=True, slots=True)
class FirstStart:
    """How to sign in: `password` only where this call has just made it."""

    created: bool
    password: str | None


@transaction.atomic
def ensure_admin(*, given: str | None, keep_in: Path) -> FirstStart:
    """Make sure that somebody runs the portal. Safe to run twice, and by two processes at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if User.objects.filter(is_superuser=True, is_active=True).exists():
        return FirstStart(created=False, password=None)
    if User.objects.filter(username__iexact=ADMIN).exists():
        # Whoever that is was never given the portal; the command says how to name a site admin.
        return FirstStart(created=False, password=None)
    password = given or _kept_password(keep_in)
    admin = create_person(username=ADMIN, by=None, password=password)
    make_site_admin(person=admin, by=None)
    return FirstStart(created=True, password=None if given else password)


def _kept_password(path: Path) -> str:
    """The password in the file; where there is none, a new one, written for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # Written before a start that did not come to its end.
        if kept := path.read_text().strip():
            return kept
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC)
    password = secrets.token_urlsafe(15)
    with os.fdopen(handle, "w") as file:
        file.write(f"{password}\n")
    return password
