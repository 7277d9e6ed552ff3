"""Encryption of secrets at rest with rotating keys: the first encrypts, every one decrypts."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from apps.core.errors import PortalError


class KeyLost(PortalError):
    code, status = "key_lost", 409
    sentence = (
        "A stored secret cannot be read with the present FIELD_ENCRYPTION_KEYS. "
        "Add the key it was written with, or enter the secret again."
    )


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def encrypt(text: str) -> str:
    """The text as a token that only the present keys open."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a token; `KeyLost` where no present key opens it."""
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise KeyLost from error


def rotate(token: str) -> str:
    """The same text under the first key; `KeyLost` where no present key opens it."""
    try:
        return _keys().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise KeyLost from error
