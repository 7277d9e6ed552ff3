from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.projects import access, selectors, services
from apps.projects.forms import MemberForm, RoleForm
from apps.projects.views import frame


@login_required
@require_http_methods(["GET", "POST"])
def members(request: UserRequest, slug: str) -> HttpResponse:
    """Who holds which role; owners add to it."""
    least = Role.OWNER if request.method == "POST" else Role.VIEWER
    project = access.project(request.user, slug, least)
    form = MemberForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        holder, role = form.cleaned_data["holder"], form.cleaned_data["role"]
        try:
            services.grant_role(project=project, holder=holder, role=role, by=request.user)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{holder} is {role.label} now.")
            return redirect("projects:members", project.slug)
    found = selectors.grants(request.user, project.slug)
    listing = tables.page(found, request, sorts={"role": "role"}, default="-role")
    return frame.show(
        request,
        "members",
        project,
        status=frame.status_of(form),
        listing=listing,
        form=form,
        roles=Role.choices,
        suggested=selectors.suggestions(request.user),
    )


@login_required
@require_POST
def change_role(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    grant = access.grant(request.user, slug, pk, Role.OWNER)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = form.cleaned_data["role"]
        services.change_role(grant=grant, role=role, by=request.user)
        messages.success(request, f"{grant.holder} is {role.label} now.")
    else:
        messages.error(request, "Choose one of the roles.")
    return redirect("projects:members", slug)


@login_required
@require_POST
def remove(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    grant = access.grant(request.user, slug, pk, Role.OWNER)
    services.revoke_role(grant=grant, by=request.user)
    messages.success(request, f"{grant.holder} has no role of their own here any more.")
    if grant.user_id == request.user.pk:
        return redirect("projects:list")
    return redirect("projects:members", slug)
