from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.models import access, holds, selectors, services
from apps.models.forms import ProfileForm, RetireForm
from apps.models.models import RegisteredModel
from apps.models.views.frame import frame
from apps.projects import selectors as projects


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: UserRequest, pk: int) -> HttpResponse:
    """What the model is for, who answers for it, its risk class and licence."""
    row = access.model(request.user, pk, Role.MAINTAINER)
    posted = request.POST if request.method == "POST" else None
    form = ProfileForm(posted, initial=_initial(row))
    if form.is_valid():
        try:
            services.edit_profile(model=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect(row)
    context = {"model": row, "form": form, "suggested": projects.suggestions(request.user)}
    status = 422 if form.is_bound else 200
    return render(request, "models/profile.html", {**context, **frame(request)}, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def retire(request: UserRequest, pk: int) -> HttpResponse:
    """Take a model with all its versions out of use."""
    row = access.model(request.user, pk, Role.OWNER)
    form = RetireForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.retire_model(model=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{row} is retired.")
            return redirect(row)
    versions = list(selectors.versions(request.user).filter(model=row))
    context = {"row": row, "model": row, "form": form, "holders": holds.holding(versions)}
    status = 422 if form.is_bound else 200
    return render(request, "models/retire.html", {**context, **frame(request)}, status=status)


@login_required
@require_POST
def reinstate(request: UserRequest, pk: int) -> HttpResponse:
    """Take back a model's retirement."""
    row = access.model(request.user, pk, Role.OWNER)
    try:
        services.reinstate(row=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


def _initial(row: RegisteredModel) -> dict[str, Any]:
    return {
        "purpose": row.purpose,
        "owner": row.owner.username if row.owner else "",
        "deputy": row.deputy.username if row.deputy else "",
        "risk_class": row.risk_class,
        "licence": row.licence,
    }
