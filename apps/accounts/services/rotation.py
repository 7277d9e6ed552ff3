from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session

from apps.core import crypto
from apps.core.fields import Rotation, rotate_all, rotate_rows

# What django-allauth encrypts through its adapter, inside the JSON of an authenticator.
CLOSED = ("secret", "seed")


def rotate_secrets() -> Rotation:
    """Encrypt everything the portal keeps closed anew under the first key. Safe to run twice."""
    total = rotate_all()
    total += rotate_rows(Authenticator.objects.all(), _authenticator)
    total += _sessions()
    return total


def _authenticator(row: Authenticator) -> dict[str, Any]:
    data = {
        name: crypto.rotate(value) if name in CLOSED else value for name, value in row.data.items()
    }
    return {"data": data}


def _sessions() -> Rotation:
    """A session that no key opens is over: its person signs in again."""
    total = rotate_rows(
        Session.objects.all(), lambda row: {"session_data": crypto.rotate(row.session_data)}
    )
    # Their names are keys of sessions: never shown.
    return Rotation(done=total.done)
