"""RFC 9457 answers: `{type, code, title, status, detail, data}` for whatever goes wrong."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, JsonResponse
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from apps.core.errors import PortalError
from apps.core.logs import request_id

MEDIA_TYPE = "application/problem+json"
REFERENCE = "/api/v1/reference/"

# Codes that do not come from a refusal of ours: REST framework, Django, the database.
GENERAL = (
    ("authentication_failed", 401, "The token is unknown, expired or revoked."),
    ("body_too_large", 413, "The body is too large. Send it in parts."),
    ("conflict", 409, "It clashes with another record. Fetch and try again."),
    ("crashed", 500, "Something went wrong on our side. Give the request_id to your site admin."),
    ("database_away", 503, "The database is not answering. Try again shortly."),
    ("forbidden", 403, "You may not do this."),
    ("in_use", 409, "Other records still need it. Remove them first."),
    ("invalid", 400, "A field cannot be used; it is named, with what would do."),
    ("method_not_allowed", 405, "This path does not know the method."),
    ("not_acceptable", 406, "Only application/json can be answered."),
    ("not_authenticated", 401, "Send a token, or sign in."),
    ("not_found", 404, "No such record for you."),
    ("out_of_range", 400, "A value is outside of what can be stored."),
    ("parse_error", 400, "The body is not JSON that can be stored."),
    ("permission_denied", 403, "You may not do this; with a session, send the CSRF token."),
    ("suspicious", 400, "The request cannot be used as it is."),
    ("throttled", 429, "Too many requests. Wait as Retry-After says."),
    ("unsupported_media_type", 415, "Send application/json."),
)

Answer = tuple[dict[str, Any], dict[str, str]]


def problem(status: int, code: str, detail: str, data: Any = None) -> dict[str, Any]:
    """The body of a refusal."""
    return {
        "type": f"{REFERENCE}#problem-{code}",
        "code": code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "data": data or {},
        "request_id": request_id.get(),
    }


def on_error(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into its problem body; `None` leaves it to Django's 500."""
    answer = _answer(exc)
    if answer is None:
        return None
    body, headers = answer
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def _answer(exc: Exception) -> Answer | None:
    if isinstance(exc, PortalError):
        headers = {"Retry-After": "5"} if exc.status == 503 else {}
        if exc.status == 429 and (wait := exc.data.get("retry_after")):
            headers = {"Retry-After": str(wait)}
        return problem(exc.status, exc.code, str(exc), exc.data), headers
    if isinstance(exc, exceptions.APIException):
        return _from_rest_framework(exc)
    return _from_django(exc) or _from_database(exc)


def _from_django(exc: Exception) -> Answer | None:
    if isinstance(exc, Http404):
        return problem(404, "not_found", "No such record."), {}
    if isinstance(exc, PermissionDenied):
        return problem(403, "forbidden", str(exc) or "You may not do this."), {}
    if isinstance(exc, ValidationError):
        return _invalid(as_serializer_error(exc)), {}
    if isinstance(exc, RequestDataTooBig):
        return problem(413, "body_too_large", "The body is too large. Send it in parts."), {}
    if isinstance(exc, SuspiciousOperation):
        return problem(400, "suspicious", "The request cannot be used as it is."), {}
    return None


def _from_database(exc: Exception) -> Answer | None:
    """The last net: a value that no check named, or a race that a constraint decided."""
    if isinstance(exc, OperationalError | InterfaceError):
        detail = "The database is not answering. Try again shortly."
        return problem(503, "database_away", detail), {"Retry-After": "5"}
    if isinstance(exc, DataError):
        return problem(400, "out_of_range", "A value is outside of what can be stored."), {}
    if isinstance(exc, ProtectedError | RestrictedError):
        return problem(409, "in_use", "Other records still need it. Remove them first."), {}
    clash = isinstance(exc.__cause__, UniqueViolation | ForeignKeyViolation)
    if isinstance(exc, IntegrityError) and clash:
        return problem(409, "conflict", "It clashes with another record. Fetch and try again."), {}
    return None


def _from_rest_framework(exc: exceptions.APIException) -> Answer:
    headers: dict[str, str] = {}
    if (challenge := getattr(exc, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(exc.detail), headers
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    return problem(exc.status_code, code, str(exc.detail)), headers


def _invalid(detail: Any) -> dict[str, Any]:
    fields = _fields(detail)
    return problem(400, "invalid", _sentence(fields), {"fields": fields})


def _fields(detail: Any, path: str = "") -> dict[str, list[str]]:
    """`{"a.b": [sentences]}` from REST framework's nested errors."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            plain = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            found.update(_fields(inner, plain))
        return found
    if isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        merged: dict[str, list[str]] = {}
        for index, inner in enumerate(detail):
            merged.update(_fields(inner, f"{path}[{index}]"))
        return merged
    sentences = detail if isinstance(detail, list) else [detail]
    return {path or "body": [str(sentence) for sentence in sentences]}


def _sentence(fields: dict[str, list[str]]) -> str:
    return " ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())


def not_found(request: HttpRequest) -> JsonResponse:
    """The answer under `/api/` where no route matches."""
    body = problem(404, "not_found", f"There is no {request.path}.")
    return JsonResponse(body, status=404, content_type=MEDIA_TYPE)


def crashed() -> JsonResponse:
    """The answer under `/api/` to an error of ours."""
    detail = "Something went wrong on our side. Give the request_id to your site admin."
    return JsonResponse(problem(500, "crashed", detail), status=500, content_type=MEDIA_TYPE)
