"""EMAIL_URL as Django's mail settings: `smtp://user:password@host:587/?from=portal@example.org`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from portal.env import BadSetting

PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


@dataclass(frozen=True, slots=True)
class Mail:
    """Without a server nothing is sent, and pages say whom to ask instead."""

    backend: str = "django.core.mail.backends.dummy.EmailBackend"
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False
    sender: str = "signalbox@localhost"


def read(url: str | None) -> Mail:
    """`smtp` turns encryption on after the greeting, `smtps` before it, `smtp+plain` never."""
    if url is None:
        return Mail()
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadSetting("EMAIL_URL must look like smtp://user:password@host:587/?from=a@b.c")
    host = parts.hostname
    return Mail(
        backend="django.core.mail.backends.smtp.EmailBackend",
        host=host,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp",
        tls=parts.scheme == "smtps",
        sender=parse_qs(parts.query).get("from", [f"signalbox@{host}"])[0],
    )
