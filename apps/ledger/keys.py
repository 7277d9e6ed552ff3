"""The key that signs exports and archives: made once, kept in DATA_DIR for its owner alone."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from apps.ledger.errors import FileRefused

NAME = "ledger_signing_key"


def signing_key() -> Ed25519PrivateKey:
    """The portal's private key; the public one is kept beside it as `ledger_signing_key.pub`."""
    path = _folder() / NAME
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def own_public() -> str:
    """This portal's public key, as the files carry it."""
    return public_text(signing_key().public_key())


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as the files carry it: its 32 bytes in base64."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def fingerprint(public: str) -> str:
    """A short name for a public key, to be compared by eye."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()[:16]


def read_public(path: Path) -> str:
    """The public key in a PEM file, as the files carry it."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FileRefused(file=path, reason="this is no public key in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise FileRefused(file=path, reason="this is no Ed25519 key")
    return public_text(key)


def signed_by(public: str, message: bytes, signature: str) -> bool:
    """Whether the holder of the private half signed the message."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "secrets"


def _make(path: Path) -> None:
    """Write both halves; of two first uses at once, one wins and both agree."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_name(f"{NAME}.pub").write_bytes(public)
