from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.deployments import access, charts, selectors, services, shown
from apps.deployments import served as machine
from apps.deployments.forms import (
    WINDOWS,
    DeploymentFilterForm,
    MomentForm,
    NewDeploymentForm,
    WindowForm,
)
from apps.deployments.models import Deployment
from apps.integrations.models import Connection
from apps.models.models import RegisteredModel
from apps.projects import selectors as projects
from apps.projects.models import Environment

SORTS = {"name": "slug", "environment": "environment__name", "changed": "updated_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Where models are served, as far as the person may see."""
    form = DeploymentFilterForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {"q": "", "state": ""}
    found = selectors.found(request.user, words=given["q"], state=given["state"])
    listing = tables.page(found, request, sorts=SORTS, default="name")
    may_create = projects.held(request.user, Role.CONTRIBUTOR).exists()
    filtered = any(given.values())
    context = {"listing": listing, "form": form, "filtered": filtered, "may_create": may_create}
    return render(request, "deployments/list.html", context)


@login_required
@require_GET
def served(request: UserRequest) -> HttpResponse:
    """The time machine: what served at a moment, and which version held which alias then."""
    form = MomentForm(request.GET, user=request.user)
    if not form.is_valid():
        return render(request, "deployments/served.html", {"form": form}, status=422)
    at = form.cleaned_data["at"] or timezone.now()
    found = machine.served_at(request.user, at, form.cleaned_data["environment"])
    context = {"form": form, "at": at, "found": found}
    return render(request, "deployments/served.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Name a place where one model is served."""
    form = NewDeploymentForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        try:
            return redirect(_created(request, **form.cleaned_data))
        except PortalError as error:
            form.refuse(error)
    context = {"form": form, "known": form.has_choices}
    return render(request, "deployments/new.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def deployment(request: UserRequest, slug: str) -> HttpResponse:
    """One deployment: what is live, how it came there, and the ways to change it."""
    row = access.deployment(request.user, slug)
    return render(request, "deployments/deployment.html", shown.page(request, row))


@login_required
@require_GET
def state(request: UserRequest, slug: str) -> HttpResponse:
    """The part of the page that changes by itself."""
    row = access.deployment(request.user, slug)
    return render(request, "deployments/_state.html", shown.state(request, row))


@login_required
@require_GET
def figures(request: UserRequest, slug: str) -> HttpResponse:
    """The charts: requests, failures and latency of the releases of some hours."""
    row = access.deployment(request.user, slug)
    form = WindowForm(request.GET)
    hours = (form.is_valid() and form.cleaned_data["hours"]) or 1
    context = {
        "deployment": row,
        "window": charts.window(row, hours=hours),
        "hours": hours,
        "choices": WINDOWS,
    }
    name = "_charts" if request.headers.get("HX-Request") else "charts"
    return render(request, f"deployments/{name}.html", context)


def _created(
    request: UserRequest,
    *,
    model: RegisteredModel,
    environment: Environment,
    slug: str,
    connection: Connection | None,
) -> Deployment:
    place = access.new_place(
        request.user, model.project.slug, environment=environment.name, model=model.name
    )
    target = access.target(request.user, model.project, connection.pk if connection else None)
    return services.create_deployment(
        environment=place.environment,
        model=place.model,
        slug=slug,
        connection=target,
        by=request.user,
    )
