from __future__ import annotations

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
from apps.monitoring.forms_upstreams import UpstreamForm, of_upstream
from apps.projects import selectors as projects

SORTS = {"name": "name"}
MOST_ALERTS = 50


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Which tables features come from."""
    found = selectors.upstreams(request.user)
    context = {
        "listing": tables.page(found, request, sorts=SORTS, default="name"),
        "may_make": projects.held(request.user, Role.MAINTAINER).exists(),
    }
    return render(request, "monitoring/upstreams.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Name a table and what comes from it."""
    form = UpstreamForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            return redirect(services.create_upstream(by=request.user, **form.cleaned_data))
        except PortalError as error:
            form.refuse(error)
    may_make = projects.held(request.user, Role.MAINTAINER).exists()
    context = {"form": form, "may_make": may_make}
    status = 422 if form.is_bound else 200
    return render(request, "monitoring/upstream_new.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def upstream(request: UserRequest, pk: int) -> HttpResponse:
    """One table: what comes from it, and what its alerts said."""
    at_least = Role.MAINTAINER if request.method == "POST" else Role.VIEWER
    row = access.upstream(request.user, pk, at_least)
    form = of_upstream(row, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.change_upstream(upstream=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
            row.refresh_from_db()
        else:
            messages.success(request, f"{row.name} is changed.")
            return redirect(row)
    context = {
        "upstream": row,
        "form": form,
        "alerts": selectors.alerts_of_upstream(row)[:MOST_ALERTS],
        "may_change": allows(request.user, row.project_id, Role.MAINTAINER),
    }
    status = 422 if form.is_bound else 200
    return render(request, "monitoring/upstream.html", context, status=status)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Forget it."""
    row = access.upstream(request.user, pk, Role.MAINTAINER)
    services.remove_upstream(upstream=row, by=request.user)
    messages.success(request, f"The upstream table {row.name} is gone; its alerts stay.")
    return redirect("monitoring:upstreams")
