from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.template.loader import render_to_string
from django.utils.http import escape_leading_slashes

from apps.core import metrics
from apps.core.errors import PortalError
from apps.core.logs import request_id

Answer = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
_SAFE_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


class RequestIdMiddleware:
    """Name every request: in its logs, its answer and its error page."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        name = given if _SAFE_ID.match(given) else uuid.uuid4().hex
        token = request_id.set(name)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-Id"] = name
        metrics.observe(request, response, time.perf_counter() - started)
        return response


class PermanentRedirect(HttpResponsePermanentRedirect):
    """The one that keeps the method and the body."""

    status_code = 308


class SlashMiddleware(CommonMiddleware):
    """Lead to the path with a slash at its end; a POST arrives there as a POST."""

    response_redirect_class = PermanentRedirect

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        return escape_leading_slashes(request.get_full_path(force_append_slash=True))


class SecurityHeadersMiddleware:
    """No inline code, no other host, no frame."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if request.path.startswith("/static/"):
            return response
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class PortalErrorMiddleware:
    """Render what a page view let through: a refusal, or a database that is away for a moment."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, PortalError):
            return error_page(request, exc.status, str(exc))
        if isinstance(exc, OperationalError | InterfaceError):
            response = error_page(request, 503, "The database is not answering. Try again shortly.")
            response["Retry-After"] = "5"
            return response
        return None


def error_page(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """The page, or for htmx the toast, that says what happened and what to do.

    Rendered without the context processors: they ask the database, which may be what is away.
    """
    context = {
        "sentence": sentence,
        "status": status,
        "request_id": request_id.get(),
        "theme": request.COOKIES.get("theme", "system"),
    }
    known = {403, 404, 500, 503}
    name = f"errors/{status}.html" if status in known else "errors/refused.html"
    return HttpResponse(render_to_string(name, context), status=status)
