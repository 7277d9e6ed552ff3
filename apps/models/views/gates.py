from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.models import access, gate_forms, gates, services
from apps.models.forms import WaiverForm
from apps.models.gate_forms import GateForm
from apps.models.views.frame import frame


@login_required
@require_http_methods(["GET", "POST"])
def new_gate(request: UserRequest, pk: int) -> HttpResponse:
    """Choose a kind, then say what it is set to."""
    row = access.model(request.user, pk, Role.MAINTAINER)
    kind = gates.KINDS.get(request.GET.get("kind", ""))
    context = {"model": row, "kinds": gate_forms.kinds(), "kind": kind, **frame(request)}
    if kind is None:
        return render(request, "models/new_gate.html", context)
    form = GateForm(request.POST if request.method == "POST" else None, model=row, kind=kind)
    if form.is_valid():
        try:
            services.declare_gate(
                model=row,
                environment=form.cleaned_data["environment"],
                kind=kind.name,
                settings=form.settings,
                by=request.user,
            )
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{kind.title} is asked of every version from now on.")
            return redirect(row)
    status = 422 if form.is_bound else 200
    return render(request, "models/new_gate.html", {**context, "form": form}, status=status)


@login_required
@require_POST
def remove_gate(request: UserRequest, pk: int) -> HttpResponse:
    """Take a gate away."""
    gate = access.gate(request.user, pk, Role.MAINTAINER)
    services.remove_gate(gate=gate, by=request.user)
    return redirect(gate.model)


@login_required
@require_http_methods(["GET", "POST"])
def waive(request: UserRequest, pk: int, gate_id: int) -> HttpResponse:
    """Let a gate fail for one version."""
    version = access.version(request.user, pk, Role.MAINTAINER)
    gate = access.gate(request.user, gate_id, Role.MAINTAINER)
    form = WaiverForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.grant_waiver(
                gate=gate,
                version=version,
                reason=form.cleaned_data["reason"],
                expires_at=form.expires_at,
                by=request.user,
            )
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, "Waived. Ask for the promotion again.")
            return redirect(version)
    context = {"gate": gate, "said": gates.said(gate), "version": version, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "models/waive.html", {**context, **frame(request)}, status=status)


@login_required
@require_POST
def withdraw_waiver(request: UserRequest, pk: int) -> HttpResponse:
    """Let a waiver hold no more."""
    waiver = access.waiver(request.user, pk, Role.MAINTAINER)
    try:
        services.withdraw_waiver(waiver=waiver, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(waiver.version.model)
