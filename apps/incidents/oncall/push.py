"""Web push: messages that only the browser can read (RFC 8291), from a sender it knows (RFC 8292)."""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from apps.core.errors import Invalid
from apps.core.http import NEVER, Absent, Http
from apps.incidents.models import PushKeys, PushSubscription
from apps.incidents.oncall.errors import SubscriptionGone

CURVE = ec.SECP256R1()
RECORD_SIZE = 4096
LONGEST = RECORD_SIZE - 16 - 1 - 86  # what the tag, the mark and the header leave of 4096 octets
VALID_SECONDS = 12 * 3600  # RFC 8292 allows a day
KEEP_SECONDS = 3600  # so long the push service keeps it for a browser that is away
GONE = {404, 410}
SERVICE = "The push service"


def keys() -> PushKeys:
    """The portal's own key pair, made when it is first needed."""
    if found := PushKeys.objects.filter(pk=1).first():
        return found
    private = ec.generate_private_key(CURVE)
    number = private.private_numbers().private_value.to_bytes(32, "big")
    public = encoded(raw(private.public_key()))
    row = PushKeys(pk=1, public=public, private=encoded(number))
    PushKeys.objects.bulk_create([row], ignore_conflicts=True)  # another process may be first
    return PushKeys.objects.get(pk=1)


def send(subscription: PushSubscription, message: dict[str, Any], *, topic: str) -> None:
    """Send one message; the same topic replaces one that still waits. Raises `SubscriptionGone`."""
    endpoint = str(subscription.endpoint.reveal())
    secret = str(subscription.auth.reveal())
    text = json.dumps(message, ensure_ascii=False).encode()[:LONGEST]
    body = encrypt(text, decoded(subscription.key), decoded(secret))
    headers = {
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(KEEP_SECONDS),
        "urgency": "high",
        "topic": topic[:32],
        "authorization": authorization(endpoint, keys()),
    }
    parts = urlsplit(endpoint)
    http = Http(SERVICE, f"{parts.scheme}://{parts.netloc}", retry=NEVER, limit_bytes=64 * 1024)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        answer = http.request("POST", path, content=body, headers=headers, accept=GONE)
    except Absent as error:
        raise SubscriptionGone from error
    finally:
        http.close()
    if answer.status in GONE:
        raise SubscriptionGone


def authorization(endpoint: str, own: PushKeys) -> str:
    """Who sends, signed for this push service alone (RFC 8292)."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + VALID_SECONDS,
        "sub": settings.PUBLIC_URL if settings.PUBLIC_URL.startswith("https:") else contact(),
    }
    token = signed(claims, private_key(str(own.private.reveal())))
    return f"vapid t={token}, k={own.public}"


def contact() -> str:
    """An address as RFC 8292 asks for, where the portal has no https one."""
    return f"mailto:{settings.DEFAULT_FROM_EMAIL}"


def signed(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    """A JSON web token with ES256."""
    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    text = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def encrypt(
    text: bytes,
    receiver: bytes,
    secret: bytes,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """The text as one record that only the holder of the receiver's key can open."""
    salt = salt or os.urandom(16)
    sender = sender or ec.generate_private_key(CURVE)
    public = raw(sender.public_key())
    shared = sender.exchange(ec.ECDH(), point(receiver))
    key, nonce = _derived(shared, secret, receiver, public, salt)
    sealed = AESGCM(key).encrypt(nonce, text + b"\x02", None)
    return salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(public)]) + public + sealed


def decrypt(body: bytes, receiver: ec.EllipticCurvePrivateKey, secret: bytes) -> bytes:
    """What a browser does with the record."""
    salt, length = body[:16], body[20]
    public, sealed = body[21 : 21 + length], body[21 + length :]
    shared = receiver.exchange(ec.ECDH(), point(public))
    key, nonce = _derived(shared, secret, raw(receiver.public_key()), public, salt)
    return AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0").removesuffix(b"\x02")


def _derived(
    shared: bytes, secret: bytes, receiver: bytes, sender: bytes, salt: bytes
) -> tuple[bytes, bytes]:
    """Key and nonce (RFC 8291 section 3.4)."""
    info = b"WebPush: info\0" + receiver + sender
    material = _hmac(_hmac(secret, shared), info + b"\x01")
    pseudo = _hmac(salt, material)
    key = _hmac(pseudo, b"Content-Encoding: aes128gcm\0\x01")[:16]
    return key, _hmac(pseudo, b"Content-Encoding: nonce\0\x01")[:12]


def _hmac(key: bytes, text: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(text)
    return made.finalize()


def point(public: bytes) -> ec.EllipticCurvePublicKey:
    """A public key from its uncompressed form."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
    except ValueError as error:
        raise Invalid(field="key", reason="this is no key of a browser") from error


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """The private key behind its number."""
    return ec.derive_private_key(int.from_bytes(decoded(text), "big"), CURVE)


def raw(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The octets of base64url without padding; `Invalid` where it is none."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Invalid(field="key", reason="this is no base64url") from error
