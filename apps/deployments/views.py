from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.deployments import access, selectors, services, shown
from apps.deployments import served as machine
from apps.deployments.forms import (
    DeploymentFilterForm,
    MomentForm,
    NewDeploymentForm,
    ReleaseForm,
    RollBackForm,
)
from apps.deployments.models import Deployment
from apps.models.models import RegisteredModel
from apps.projects import selectors as projects
from apps.projects.models import Environment

SORTS = {"name": "slug", "environment": "environment__name", "changed": "updated_at"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Where models are served, as far as the person may see."""
    form = DeploymentFilterForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found = selectors.deployments(request.user).filter(slug__icontains=words)
    listing = tables.page(found, request, sorts=SORTS, default="name")
    may_create = projects.held(request.user, Role.CONTRIBUTOR).exists()
    context = {"listing": listing, "form": form, "words": words, "may_create": may_create}
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
    return render(request, "deployments/deployment.html", shown.page(request.user, row))


@login_required
@require_GET
def state(request: UserRequest, slug: str) -> HttpResponse:
    """The part of the page that changes by itself."""
    row = access.deployment(request.user, slug)
    return render(request, "deployments/_state.html", shown.state(request.user, row))


@login_required
@require_POST
def release(request: UserRequest, slug: str) -> HttpResponse:
    """Release a version."""
    row = access.releasable(request.user, slug)
    form = ReleaseForm(request.POST, deployment=row, user=request.user)
    if form.is_valid():
        try:
            services.request_release(deployment=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{form.cleaned_data['version']} is being released.")
            return redirect(row)
    context = shown.page(request.user, row, form)
    return render(request, "deployments/deployment.html", context, status=422)


@login_required
@require_POST
def roll_back(request: UserRequest, slug: str) -> HttpResponse:
    """Release the last good version again."""
    row = access.releasable(request.user, slug)
    form = RollBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give a reason of at most 500 characters, or none.")
        return redirect(row)
    try:
        made = services.roll_back(deployment=row, by=request.user, **form.cleaned_data)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Going back to {made.version}.")
    return redirect(row)


def _created(
    request: UserRequest, *, model: RegisteredModel, environment: Environment, slug: str
) -> Deployment:
    place = access.new_place(
        request.user, model.project.slug, environment=environment.name, model=model.name
    )
    return services.create_deployment(
        environment=place.environment, model=place.model, slug=slug, by=request.user
    )
