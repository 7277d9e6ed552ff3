from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.models import access, holds, services, version_comparing
from apps.models.forms import CompareForm, RetireForm
from apps.models.views.frame import frame


@login_required
@require_GET
def compare(request: UserRequest) -> HttpResponse:
    """Two versions side by side: metrics, params, signature, data, files."""
    form = CompareForm(request.GET)
    context = frame(request)
    if form.is_valid():
        before, after = (access.version(request.user, form.cleaned_data[key]) for key in "ab")
        found = [each for each in version_comparing.topics(before, after) if each.says_something]
        context |= {
            "before": before,
            "after": after,
            "names": version_comparing.names(before, after),
            "same_model": before.model_id == after.model_id,
            "topics": found,
        }
    return render(request, "models/compare_versions.html", context)


@login_required
@require_POST
def read_facts(request: UserRequest, pk: int) -> HttpResponse:
    """Let a job read the version's files, again where it did already."""
    row = access.version(request.user, pk, Role.CONTRIBUTOR)
    services.ask_for_facts(version=row, by=request.user)
    messages.success(request, "A job reads the files. Its findings appear here.")
    return redirect(row)


@login_required
@require_http_methods(["GET", "POST"])
def retire(request: UserRequest, pk: int) -> HttpResponse:
    """Take a version out of use."""
    row = access.version(request.user, pk, Role.MAINTAINER)
    form = RetireForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.retire_version(version=row, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{row} is retired.")
            return redirect(row.model)
    context = {"row": row, "model": row.model, "form": form, "holders": holds.holding([row])}
    status = 422 if form.is_bound else 200
    return render(request, "models/retire.html", {**context, **frame(request)}, status=status)


@login_required
@require_POST
def reinstate(request: UserRequest, pk: int) -> HttpResponse:
    """Take back a version's retirement."""
    row = access.version(request.user, pk, Role.MAINTAINER)
    try:
        services.reinstate(row=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)
