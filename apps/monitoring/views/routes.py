from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role, allows
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.monitoring import access, selectors, services
from apps.monitoring.alert_forms import NotificationFilterForm, RouteForm, of_route
from apps.monitoring.alerting.matchers import unpacked
from apps.monitoring.models import Route
from apps.projects import selectors as projects

SORTS = {"name": "name"}
LOG_SORTS = {"created": "created_at"}
MOST_NOTIFICATIONS = 20


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Which alerts are told through which connection."""
    context = {
        "listing": tables.page(
            selectors.routes(request.user), request, sorts=SORTS, default="name"
        ),
        "may_make": projects.held(request.user, Role.MAINTAINER).exists(),
    }
    return render(request, "monitoring/routes.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Tell alerts of a project through one of its connections."""
    form = RouteForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        given = form.cleaned_data
        try:
            return redirect(
                services.create_route(
                    project=given["project"],
                    connection=given["connection"],
                    wanted=form.wanted,
                    by=request.user,
                )
            )
        except PortalError as error:
            form.refuse(error)
    known = selectors.tellers(request.user).exists()
    status = 422 if form.is_bound else 200
    return render(
        request, "monitoring/route_new.html", {"form": form, "known": known}, status=status
    )


@login_required
@require_http_methods(["GET", "POST"])
def route(request: UserRequest, pk: int) -> HttpResponse:
    """One route: what it tells, and what it told."""
    at_least = Role.MAINTAINER if request.method == "POST" else Role.VIEWER
    row = access.route(request.user, pk, at_least)
    form = of_route(row, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect(services.change_route(route=row, wanted=form.wanted, by=request.user))
        except PortalError as error:
            form.refuse(error)
    context = _page(request, row) | {"form": form}
    return render(request, "monitoring/route.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def test(request: UserRequest, pk: int) -> HttpResponse:
    """Send a notice that says that it is a test."""
    row = access.route(request.user, pk, Role.MAINTAINER)
    try:
        services.test_route(route=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The receiver took a test notice.")
    return redirect(row)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Take it away."""
    row = access.route(request.user, pk, Role.MAINTAINER)
    services.remove_route(route=row, by=request.user)
    messages.success(request, f"The route {row.name} is gone.")
    return redirect("monitoring:routes")


@login_required
@require_GET
def notifications(request: UserRequest) -> HttpResponse:
    """What was told, what waits, and what was given up."""
    form = NotificationFilterForm(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    found = selectors.notifications(request.user)
    found = found.filter(state=state) if state else found
    context = {
        "form": form,
        "state": state,
        "listing": tables.page(found, request, sorts=LOG_SORTS, default="-created"),
    }
    return render(request, "monitoring/notifications.html", context)


@login_required
@require_POST
def redeliver(request: UserRequest, pk: int) -> HttpResponse:
    """Send a notification once more."""
    row = access.notification(request.user, pk, Role.MAINTAINER)
    services.redeliver(notification=row, by=request.user)
    messages.success(request, "It is being sent again.")
    return redirect("monitoring:notifications")


def _page(request: UserRequest, row: Route) -> dict[str, Any]:
    told = selectors.notifications(request.user).filter(route=row)
    return {
        "route": row,
        "matchers": [str(matcher) for matcher in unpacked(row.matchers)],
        "notifications": told[:MOST_NOTIFICATIONS],
        "may_change": allows(request.user, row.project_id, Role.MAINTAINER),
    }
