"""Whom to trust, and which certificate to show."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from tempfile import NamedTemporaryFile

import certifi

from apps.core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca`: a further authority to trust; `client`: certificate and key to show. Both PEM text."""

    ca: str | None = None
    client: str | None = field(default=None, repr=False)
    verify: bool = True


@lru_cache(maxsize=64)
def context(tls: Tls) -> ssl.SSLContext:
    """The system's authorities and certifi's, plus what the connection adds."""
    made = ssl.create_default_context()
    made.load_verify_locations(certifi.where())
    try:
        if tls.ca:
            made.load_verify_locations(cadata=tls.ca)
        if tls.client:
            _load_client(made, tls.client)
    except (ssl.SSLError, ValueError) as error:
        raise Invalid(field="certificate", reason="it must be readable PEM text.") from error
    if not tls.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def _load_client(made: ssl.SSLContext, pem: str) -> None:
    # OpenSSL reads certificate chains from files alone; this one is ours only and gone at once.
    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        made.load_cert_chain(file.name, password="")
