from __future__ import annotations

import hmac
from dataclasses import asdict

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST

from apps.core import health, home, metrics, palette
from apps.core.api import problems
from apps.core.middleware import error_page
from apps.core.typing import UserRequest

LOOPBACK = {"127.0.0.1", "::1", ""}


@require_GET
def alive(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers."""
    return JsonResponse({"status": "alive"})


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """Readiness: every part the portal stands on, 503 while one it needs is away."""
    parts = health.parts()
    well = all(part.ok or not part.needed for part in parts)
    body = {"status": "ready" if well else "not ready", "parts": [asdict(part) for part in parts]}
    return JsonResponse(body, status=200 if well else 503)


@require_GET
def scrape(request: HttpRequest) -> HttpResponse:
    """Prometheus' exposition, for the holder of METRICS_TOKEN or, without one, for this machine."""
    if not _may_scrape(request):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401)
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    proxied = "X-Forwarded-For" in request.headers
    return not proxied and request.META.get("REMOTE_ADDR", "") in LOOPBACK


@login_required
@require_GET
def start(request: UserRequest) -> HttpResponse:
    """The home page: what needs this person first."""
    return render(request, "core/home.html", {"panels": home.panels(request.user)})


@login_required
@require_GET
def palette_search(request: UserRequest) -> HttpResponse:
    """What Ctrl-K finds."""
    hits = palette.search(request.user, request.GET.get("q", "")[:200])
    return JsonResponse({"results": [asdict(hit) for hit in hits]})


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = problems.problem(403, "forbidden", "You may not do this.")
        return JsonResponse(body, status=403, content_type=problems.MEDIA_TYPE)
    return error_page(request, 403, "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(
        request, 403, "This form is stale. Go back, reload the page and send it again."
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.not_found(request)
    return error_page(request, 404, "There is no such page for you.")


def crashed(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.crashed()
    return error_page(request, 500, "Something went wrong on our side.")
