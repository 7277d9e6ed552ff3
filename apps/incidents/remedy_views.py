"""Rolling back and retraining from the page of an incident."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.incidents import access, runbooks
from apps.incidents.models import Incident
from apps.incidents.runbook_forms import PlanForm
from apps.incidents.runbooks import remedies


@login_required
@require_http_methods(["GET", "POST"])
def remedy(request: UserRequest, pk: int, name: str) -> HttpResponse:
    """What it would do, before anything is done; a POST does it."""
    least = Role.RESPONDER if request.method == "POST" else Role.VIEWER
    row = access.incident(request.user, pk, least)
    if request.method == "GET":
        return _shown(request, row, name, 200)
    form = PlanForm(request.POST)
    if not form.is_valid():
        return _shown(request, row, name, 422)
    digest = form.cleaned_data["plan"]
    try:
        done = runbooks.apply(incident=row, name=name, digest=digest, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done.sentence)
    return redirect(row)


def _shown(request: UserRequest, row: Incident, name: str, status: int) -> HttpResponse:
    context: dict[str, object] = {"incident": row}
    try:
        plan = remedies.plan(request.user, row, name)
    except PortalError as error:
        context["refused"] = str(error)
    else:
        context |= {
            "plan": plan,
            "may_run": plan.allowed(request.user, row),
            "form": PlanForm(initial={"plan": plan.digest}),
        }
    return render(request, "incidents/remedy.html", context, status=status)
