from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.deployments import access, selectors, services
from apps.deployments.forms import RestartForm, RetireForm, ScaleForm, SettleForm


@login_required
@require_POST
def scale(request: UserRequest, slug: str) -> HttpResponse:
    """Run another number of model servers."""
    row = access.releasable(request.user, slug)
    form = ScaleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "replicas: give a whole number from 1 to 50.")
        return redirect(row)
    try:
        made = services.scale(deployment=row, by=request.user, **form.cleaned_data)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        count = form.cleaned_data["replicas"]
        said = "It becomes" if made else "It already is"
        messages.success(request, f"{said} {count} model server{'' if count == 1 else 's'}.")
    return redirect(row)


@login_required
@require_POST
def restart(request: UserRequest, slug: str) -> HttpResponse:
    """Start every model server anew, one after another; or only one of them."""
    row = access.releasable(request.user, slug)
    form = RestartForm(request.POST)
    if not form.is_valid():
        messages.error(request, "replica: name a model server by its id, or none.")
        return redirect(row)
    named = form.cleaned_data["replica"]
    replica = access.replica(row, named) if named else None
    try:
        count = services.restart(deployment=row, by=request.user, replica=replica)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _restarting(count))
    return redirect(row)


@login_required
@require_http_methods(["GET", "POST"])
def retire(request: UserRequest, slug: str) -> HttpResponse:
    """Take a deployment out of use."""
    row = access.retirable(request.user, slug)
    form = RetireForm(request.POST if request.method == "POST" else None, deployment=row)
    if form.is_valid():
        try:
            services.retire_deployment(
                deployment=row, reason=form.cleaned_data["reason"], by=request.user
            )
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{row} is retired.")
            return redirect(row)
    context = {"deployment": row, "form": form, "live": selectors.live_release(row)}
    status = 422 if form.is_bound else 200
    return render(request, "deployments/retire.html", context, status=status)


@login_required
@require_POST
def reinstate(request: UserRequest, slug: str) -> HttpResponse:
    """Take back a retirement."""
    row = access.retirable(request.user, slug)
    try:
        services.reinstate_deployment(deployment=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{row} is back. Release a version, so that it answers.")
    return redirect(row)


@login_required
@require_POST
def settle(request: UserRequest, slug: str, pk: int) -> HttpResponse:
    """Adopt what a target runs, or have what was wanted come back."""
    row = access.mismatch_to_settle(request.user, pk)
    if row.deployment.slug != slug:
        raise NotFound(what=f"mismatch of {slug}")
    form = SettleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "way: adopt or revert, with a reason of at most 500 characters.")
        return redirect(row.deployment)
    adopts = form.cleaned_data["way"] == "adopt"
    verb = services.adopt_mismatch if adopts else services.revert_mismatch
    try:
        verb(mismatch=row, by=request.user, reason=form.cleaned_data["reason"])
    except PortalError as error:
        messages.error(request, str(error))
    else:
        said = "What was found is wanted now." if adopts else "What was wanted comes back."
        messages.success(request, said)
    return redirect(row.deployment)


def _restarting(count: int) -> str:
    return "It restarts." if count == 1 else f"{count} model servers restart, one after another."
