"""`Idempotency-Key` on POST: the same key has one effect and one answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.errors import PortalError, Retryable
from apps.core.models import IdempotencyRecord

LONGEST_KEY = 255
MOST_LOOKS = 3
_KEY = re.compile(rf"[ -~]{{1,{LONGEST_KEY}}}")


class KeyReused(PortalError):
    code, status = "idempotency_key_reused", 422
    sentence = "Idempotency-Key: it was used before with another request. Send a new key."


class KeyUnusable(PortalError):
    code, status = "idempotency_key_unusable", 400
    sentence = "Idempotency-Key: 1 to 255 printable ASCII characters, a UUID for example."


def once(request: Request, user: AbstractUser, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Run `act` once per key. Its effects, the key and the answer are stored in one transaction.

    The key's row is inserted first: a second request with the same key waits there until the first
    one commits, and then repeats its answer. A refusal rolls all of it back and frees the key.
    """
    key = request.headers["Idempotency-Key"].strip()
    if not _KEY.fullmatch(key):
        raise KeyUnusable
    fingerprint = _fingerprint(request)
    with transaction.atomic():
        if kept := _kept_or_begun(user, key, fingerprint):
            return _repeat(kept, fingerprint)
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
            return response
        _keep(user, key, response)
    return response


def forget(*, before: datetime) -> None:
    """Drop keys that nobody will send again."""
    IdempotencyRecord.objects.filter(created_at__lt=before).delete()


def _fingerprint(request: Request) -> str:
    parts = (request.method or "", request.get_full_path(), request.content_type or "")
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + request.body).hexdigest()


def _insert(user: AbstractUser, key: str, fingerprint: str) -> bool:
    row = IdempotencyRecord(user_id=user.pk, key=key, fingerprint=fingerprint)
    values = (row.pk, user.pk, key, fingerprint, timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencyrecord"
            " (id, user_id, key, fingerprint, headers, created_at)"
            " VALUES (%s, %s, %s, %s, '{}', %s) ON CONFLICT (user_id, key) DO NOTHING",
            values,
        )
        return bool(cursor.rowcount == 1)


def _kept_or_begun(user: AbstractUser, key: str, fingerprint: str) -> IdempotencyRecord | None:
    """The record of an earlier request with this key; `None` where this one has just begun it."""
    for _ in range(MOST_LOOKS):
        if _insert(user, key, fingerprint):
            return None
        if kept := IdempotencyRecord.objects.filter(user_id=user.pk, key=key).first():
            return kept
        # It was forgotten between the two looks.
    raise Retryable(service="The store of Idempotency-Keys")


def _repeat(kept: IdempotencyRecord, fingerprint: str) -> HttpResponse:
    if kept.fingerprint != fingerprint:
        raise KeyReused
    # Latin-1 maps every byte to one character and back.
    body = kept.body.reveal().encode("latin-1") if kept.body else b""
    response = HttpResponse(body, status=kept.status, headers=kept.headers)
    response["Idempotency-Replayed"] = "true"
    return response


def _keep(user: AbstractUser, key: str, response: HttpResponse) -> None:
    if isinstance(response, Response) and not response.is_rendered:
        response.render()
    kept = {name: value for name, value in response.items() if name != "Set-Cookie"}
    IdempotencyRecord.objects.filter(user_id=user.pk, key=key).update(
        status=response.status_code, headers=kept, body=response.content.decode("latin-1")
    )
