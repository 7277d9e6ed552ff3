from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.projects import access, selectors, services
from apps.projects.forms import EnvironmentForm, FreezeForm
from apps.projects.views import frame

EITHER = ["GET", "POST"]


@login_required
@require_http_methods(EITHER)
def environments(request: UserRequest, slug: str) -> HttpResponse:
    """The places model versions run in, with their freeze windows; maintainers add to them."""
    least = Role.MAINTAINER if request.method == "POST" else Role.VIEWER
    project = access.project(request.user, slug, least)
    form = EnvironmentForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.add_environment(project=project, by=request.user, **form.cleaned_data)
            return redirect("projects:environments", project.slug)
        except PortalError as error:
            form.refuse(error)
    found = selectors.environments_with_freezes(project)
    return frame.show(
        request,
        "environments",
        project,
        status=frame.status_of(form),
        form=form,
        environments=found,
    )


@login_required
@require_http_methods(EITHER)
def edit(request: UserRequest, pk: int) -> HttpResponse:
    """Name, kind and protection of one environment."""
    environment = access.environment(request.user, pk, Role.MAINTAINER)
    initial = {name: getattr(environment, name) for name in EnvironmentForm.base_fields}
    form = EnvironmentForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            services.edit_environment(environment=environment, by=request.user, **form.cleaned_data)
            return redirect(environment)
        except PortalError as error:
            form.refuse(error)
    return frame.show(
        request,
        "environment",
        environment.project,
        status=frame.status_of(form),
        form=form,
        environment=environment,
    )


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    environment = access.environment(request.user, pk, Role.OWNER)
    name, slug = environment.name, environment.project.slug
    services.remove_environment(environment=environment, by=request.user)
    messages.success(request, f"{name} is removed.")
    return redirect("projects:environments", slug)


@login_required
@require_http_methods(EITHER)
def plan_freeze(request: UserRequest, pk: int) -> HttpResponse:
    """Keep releases out of an environment for a stretch of time."""
    environment = access.environment(request.user, pk, Role.MAINTAINER)
    form = FreezeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.plan_freeze(environment=environment, by=request.user, **form.cleaned_data)
            return redirect(environment)
        except PortalError as error:
            form.refuse(error)
    return frame.show(
        request,
        "freeze",
        environment.project,
        status=frame.status_of(form),
        form=form,
        environment=environment,
    )


@login_required
@require_http_methods(EITHER)
def edit_freeze(request: UserRequest, pk: int) -> HttpResponse:
    """Move a freeze window that is not over."""
    window = access.freeze(request.user, pk, Role.MAINTAINER)
    initial = {name: getattr(window, name) for name in FreezeForm.base_fields}
    form = FreezeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            services.edit_freeze(window=window, by=request.user, **form.cleaned_data)
            return redirect(window.environment)
        except PortalError as error:
            form.refuse(error)
    return frame.show(
        request,
        "freeze",
        window.environment.project,
        status=frame.status_of(form),
        form=form,
        environment=window.environment,
        window=window,
    )


@login_required
@require_POST
def end_freeze(request: UserRequest, pk: int) -> HttpResponse:
    window = access.freeze(request.user, pk, Role.MAINTAINER)
    services.end_freeze(window=window, by=request.user)
    messages.success(request, f"Releases to {window.environment.name} may go out again.")
    return redirect(window.environment)
