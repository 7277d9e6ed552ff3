"""Sessions whose content is encrypted: it may hold a second factor that is being set up."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from apps.core import crypto


class SessionStore(DatabaseStore):
    """Django's database sessions, closed. One that no present key opens is empty: sign in again."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return crypto.encrypt(self.serializer().dumps(session_dict).decode("latin-1"))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        text = session_data if isinstance(session_data, str) else session_data.decode("latin-1")
        try:
            content: dict[str, Any] = self.serializer().loads(
                crypto.decrypt(text).encode("latin-1")
            )
        except crypto.KeyLost:
            return {}
        return content
