"""`/mcp`: streamable HTTP without sessions. Each POST is one message and gets one JSON answer."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.utils.encoders import JSONEncoder

from apps.accounts import selectors
from apps.accounts.models import User
from apps.assistant.mcp import server
from apps.assistant.mcp.protocol import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    VERSIONS,
    Id,
    RpcError,
    read,
    refusal,
    result,
)
from apps.core import origins
from apps.core.api.throttling import seconds_left, within_rate

MOST_BYTES = 256 * 1024
OLDEST = VERSIONS[-1]


@csrf_exempt  # only a token lets in, and no foreign page can make a browser send one
def endpoint(request: HttpRequest) -> HttpResponse:
    """One message of an MCP client, with the rights of its token."""
    if refused := _foreign(request):
        return refused
    user = _user(request)
    if user is None:
        return _unauthorized("Authorization" in request.headers)
    if refused := _unusable(request):
        return refused
    if not within_rate("token", user.limits.token_id if user.limits else user.pk):
        return _told(
            _problem("Too many requests."), 429, {"Retry-After": str(int(seconds_left()) + 1)}
        )
    return _answered(request.body, user)


def _foreign(request: HttpRequest) -> HttpResponse | None:
    origin = request.headers.get("Origin", "")
    if origin and not origins.is_own(origin, request.headers.get("Host", "")):
        return _told(_problem("Pages of other origins may not call this."), 403)
    return None


def _unusable(request: HttpRequest) -> HttpResponse | None:
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    version = request.headers.get("MCP-Protocol-Version", OLDEST)
    if version not in VERSIONS:
        return _told(_problem(f"Speak one of {', '.join(VERSIONS)}."), 400)
    if request.content_type != "application/json":
        return _told(_problem("Send application/json."), 415)
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return _told(_problem("The message is too large."), 413)
    return None


def _answered(body: bytes, user: User) -> HttpResponse:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return _told(refusal(None, RpcError(PARSE_ERROR, "The body is not JSON.")), 400)
    id_: Id = None
    try:
        call = read(message)
        if call is None or not call.wants_answer:
            return HttpResponse(status=202)
        id_ = call.id
        return _told(result(id_, server.handle(call, user)))
    except RpcError as error:
        return _told(refusal(id_, error), 400 if error.code == INVALID_REQUEST else 200)


def _user(request: HttpRequest) -> User | None:
    """The user of the token: the portal's own tokens, and no session, are good here."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    found = selectors.user_of_token(value.strip()) if scheme.lower() == "bearer" else None
    return found[0] if found else None


def _unauthorized(sent: bool) -> HttpResponse:
    realm = f'Bearer realm="signalbox", resource="{settings.PUBLIC_URL}/mcp"'
    if sent:
        realm += ', error="invalid_token"'
    text = "The token is unknown, expired or revoked." if sent else "Send a token of this portal."
    return _told(_problem(text), 401, {"WWW-Authenticate": realm})


def _problem(text: str) -> dict[str, Any]:
    return refusal(None, RpcError(INTERNAL_ERROR, text))


def _told(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return JsonResponse(value, JSONEncoder, status=status, headers=headers or {})
